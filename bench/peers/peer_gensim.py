"""gensim as a peer: word2vec's skip-gram with negative sampling."""
import os

import gensim
import numpy as np
from gensim.models import Word2Vec, word2vec

from peer import serve


class Walks:
    """Nodes are words, walks sentences. The vocabulary is counted before; each call starts from new vectors."""

    def __init__(self, size, given):
        self.nodes, lines, self.length, dim = size
        self.walk = given["walk"]
        self.sentences = self.walk.reshape(lines, self.length).tolist()
        self.model = Word2Vec(vector_size=dim, window=5, negative=5, sg=1, hs=0, min_count=1, sample=0, alpha=0.025,
                              min_alpha=1e-4, workers=int(os.environ["OMP_NUM_THREADS"]), seed=1)
        self.model.build_vocab(self.sentences)

    def before(self):
        self.model.wv.vectors = np.zeros((0, 0), np.float32)    # else init_weights keeps the trained ones
        self.model.init_weights()

    def call(self):
        self.model.train(self.sentences, total_examples=len(self.sentences), epochs=5)

    def outputs(self):
        """As rows_deepwalk.c: pairs side by side against pairs that stand half of all walks apart."""
        unit = self.model.wv.get_normed_vectors()
        row = np.zeros(self.nodes, int)
        for node, place in self.model.wv.key_to_index.items():
            row[node] = place
        places, tokens = 2000, len(self.walk)
        k = np.arange(places)
        i = tokens // places * k // self.length * self.length + k % (self.length - 1)
        here = unit[row[self.walk[i]]]
        near = np.sum(here * unit[row[self.walk[i + 1]]], 1)
        far = np.sort(np.sum(here * unit[row[self.walk[(i + tokens // 2) % tokens]]], 1))
        below = np.searchsorted(far, near, "left") + np.searchsorted(far, near, "right")
        return {"auc": below.mean() / 2 / places}


CASES = {"deepwalk_train": Walks}

if __name__ == "__main__":
    serve(gensim.__version__, f"NumPy {np.__version__}, FAST_VERSION {word2vec.FAST_VERSION}", CASES)
