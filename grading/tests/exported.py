"""exported.py FILE.KIND... -- does what make export wrote hold what the formats' documentation asks for? By Python's own
readers of JSON, CSV and XML. A line a file that does not: its name, the complaint; the last line counts those that do."""
import csv
import json
import sys
import xml.etree.ElementTree as xml

VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}


def fields(one, kinds, required=()):
    assert not set(one) - set(kinds), f"fields that the format does not have: {set(one) - set(kinds)}"
    assert not set(required) - set(one), f"missing: {set(required) - set(one)}"
    for key, value in one.items():
        assert isinstance(value, kinds[key]) and not isinstance(value, bool), f"{key} is {value!r}"


def gradescope(path):
    number = (int, float)
    all_ = json.load(open(path, encoding="utf-8"))
    fields(all_, {"score": number, "execution_time": number, "output": str, "output_format": str, "tests": list,
                  "test_output_format": str, "test_name_format": str, "visibility": str, "stdout_visibility": str,
                  "extra_data": dict, "leaderboard": list}, ["score", "tests"])
    for one in [all_] + all_["tests"]:
        assert one.get("visibility", "visible") in VISIBILITY and one.get("output_format", "text") in FORMATS
    for test in all_["tests"]:
        fields(test, {"score": number, "max_score": number, "status": str, "name": str, "name_format": str,
                      "number": str, "output": str, "output_format": str, "tags": list, "visibility": str,
                      "extra_data": dict}, ["score", "max_score", "name"])
        assert test["status"] in ("passed", "failed") and 0 <= test["score"] <= test["max_score"] + 1e-6
    assert abs(sum(t["score"] for t in all_["tests"]) - all_["score"]) < len(all_["tests"]), "the sum is another"


def exercism(path):
    all_ = json.load(open(path, encoding="utf-8"))
    fields(all_, {"version": int, "status": str, "message": str, "tests": list}, ["version", "status", "tests"])
    assert all_["version"] == 3 and all_["status"] in ("pass", "fail", "error")
    assert ("message" in all_) == (all_["status"] == "error") and len(all_.get("message", "").encode()) <= 65535
    for test in all_["tests"]:
        fields(test, {"name": str, "status": str, "message": str, "output": str, "test_code": str, "task_id": int},
               ["name", "status"])
        assert test["status"] in ("pass", "fail", "error") and test["task_id"] >= 1
        assert ("message" in test) == (test["status"] != "pass") and len(test.get("message", "").encode()) <= 65535
    worst = {t["status"] for t in all_["tests"]}
    assert all_["status"] == "error" or (all_["status"] == "pass") == (worst == {"pass"})


def as_csv(path):
    text = open(path, newline="", encoding="utf-8").read()
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n"), "lines end in CR LF"
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    assert rows
    for row in rows:
        assert None not in row and None not in row.values(), "a row of another length"
        assert 0 <= float(row["points"]) <= float(row["of"])
        for cell in row.values():
            assert not cell.lstrip()[:1] in tuple("=+-@") or float(cell) is not None


def junit(path):
    for suite in xml.parse(path).getroot():
        cases = suite.findall("testcase")
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == sum(c.find(tag) is not None for c in cases), attribute
        assert int(suite.get("tests")) == len(cases)


good = 0
for file in sys.argv[1:]:
    try:
        {"gradescope": gradescope, "exercism": exercism, "csv": as_csv, "junit": junit}[file.rsplit(".", 1)[1]](file)
        good += 1
    except Exception as why:
        print(f"{file}: {type(why).__name__}: {why}")
print(good)
