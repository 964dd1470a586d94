"""The half of a Python peer that all share: takes orders as lines of JSON, times calls, hands outputs over.

A peer's script makes a class for each case, named in a table {case: class}:
    __init__(self, size, given)     given: the inputs by name, as NumPy arrays of this process's own
    call(self)                      one call; timed
    outputs(self)                   what the last call made, {name: array}
    before(self)                    optional: before each call, off the clock; the calls are then timed one by one
"""
import ctypes
import gc
import json
import sys
import time

import numpy as np

TYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32}


def status(key):
    """A line of /proc/self/status, in bytes."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith(key))


class Case:
    """The open case: its contestant, and the shared file that its buffers lie in."""

    def __init__(self, order, cases):
        self.file = np.memmap(order["file"], np.uint8, "r+")
        self.buffers = order["buffers"]
        self.each = order["each"]
        self.kind, self.size = cases[order["case"]], order["size"]
        self.set_up()
        self.brief = True
        self.junk = np.zeros(order["flush"], np.uint8) if order["flush"] else None

    def set_up(self):
        given = {b["name"]: self.view(b).copy() for b in self.buffers if b["role"] != "out"}
        self.contestant = self.kind(self.size, given)
        self.before = getattr(self.contestant, "before", None)

    def memory(self):
        """As the harness does (resident.c): what the first call of a new contestant adds, at its peak."""
        self.contestant = self.before = None
        self.set_up()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
        resident = status("VmRSS:")
        if self.before:
            self.before()
        self.contestant.call()
        return status("VmHWM:") - resident

    def view(self, b):
        kind = np.dtype(TYPES[b["type"]])
        return self.file[b["at"]:b["at"] + b["n"] * kind.itemsize].view(kind)

    def one_by_one(self, calls):
        """As the harness does: the median of short calls, by the wall's clock; the sum of long ones, by both clocks."""
        wall = cpu = 0.0
        took = []
        for _ in range(calls):
            if self.before:
                self.before()
            if self.junk is not None:
                self.junk += 1
                self.flushed += self.junk.nbytes
            w, c = time.perf_counter(), 0.0 if self.brief else time.process_time()
            self.contestant.call()
            if not self.brief:
                cpu += time.process_time() - c
            took.append(time.perf_counter() - w)
        wall = sum(took)
        if self.brief:
            wall = cpu = calls * sorted(took)[calls // 2]
        self.brief = wall / calls < 50e-6
        return wall, cpu

    def run(self, calls, reheat):
        self.flushed = 0
        call = self.contestant.call
        if self.each or self.before:
            if reheat:
                self.one_by_one(1)
            return self.one_by_one(calls)
        if reheat:
            call()
        w, c = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        return time.perf_counter() - w, time.process_time() - c

    def outputs(self):
        made = self.contestant.outputs()
        for b in self.buffers:
            if b["name"] in made and b["role"] != "in":
                view = self.view(b)
                view[:] = np.asarray(made[b["name"]], dtype=view.dtype).reshape(-1)


def answer(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def serve(version, settings, cases):
    answer({"version": version, "settings": settings, "cases": list(cases)})
    case = None
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["do"] == "open":
                case = Case(order, cases)
                answer({})
            elif order["do"] == "run":
                wall, cpu = case.run(order["calls"], order["reheat"])
                answer({"wall": wall, "cpu": cpu, "flushed": case.flushed})
            elif order["do"] == "memory":
                answer({"bytes": case.memory()})
            elif order["do"] == "outputs":
                case.outputs()
                answer({})
            else:
                case = None
                answer({})
        except Exception as e:      # the harness names it as the reason, and goes on
            answer({"error": f"{type(e).__name__}: {e}"[:180]})
