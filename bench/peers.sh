#!/bin/sh
# peers.sh [FOLDER] -- installs the Python peers (PyTorch, scikit-learn, SciPy, XGBoost, LightGBM, gensim) into a virtual
# environment outside the repository. Nothing of the course needs them: they are what our times are compared with.
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/dl-course-peers}
say() { echo "peers: $*"; }
stop() { echo "peers: $*" >&2; exit 1; }

python=$(command -v python3) || stop "there is no python3; without it the C peers (OpenBLAS, oneDNN) are what is compared with"
case $folder in "$PWD"/* | [!/]*) stop "PEERS=$folder: a folder outside this repository, with its whole path, please" ;; esac
if [ -x "$folder/bin/python3" ] && "$folder/bin/python3" -c 'import torch, sklearn' 2>/dev/null; then
    say "already in $folder"
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "this python3 makes no virtual environments; Debian and Ubuntu: apt-get install python3-venv"
    [ -x "$folder/bin/python3" ] || "$python" -m venv "$folder" || stop "cannot make $folder"
    say "installing PyTorch, scikit-learn, SciPy, XGBoost, LightGBM and gensim into $folder; removing that folder undoes it"
    pip() { "$folder/bin/python3" -m pip --quiet --disable-pip-version-check install "$@"; }
    pip numpy scipy scikit-learn || stop "pip could not install scikit-learn; without a network there are no Python peers"
    pip xgboost-cpu || say "pip could not install XGBoost: gradient boosting has a peer less"
    pip lightgbm || say "pip could not install LightGBM: gradient boosting has a peer less"
    pip gensim || say "pip could not install gensim: vectors of walks and words have no peer"
    # On x86-64 the usual build brings CUDA along. pip's own settings (PIP_INDEX_URL) can name an index of smaller ones.
    say "PyTorch takes some 3 GB on x86-64"
    pip torch || stop "pip could not install PyTorch"
fi
"$folder/bin/python3" - <<'END' || stop "what is in $folder does not run"
import numpy, sklearn, torch
print(f"peers: PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}, NumPy {numpy.__version__}")
END
