#!/bin/sh
# torch 2.13.0 (gloo), Linux, CPython 3.
#
# all_reduce of gloo adds the processes' numbers in an order that depends on where in the tensor a number stands: each part
# of the tensor begins at another process. So three processes that each hold a tensor of equal numbers get a tensor whose
# numbers differ. In bfloat16 each addition is rounded too: 256, 1, 1 give 256 in one place and 258 in another.
#
# Whoever compares runs bit by bit must keep the sizes of the buckets and the places in them, not only the number of
# processes; and gradients should not be added in bfloat16.
#
# Output seen:
#   float32, 1 number: [0.0]; 6 numbers: [0.0, 1.0]
#   bfloat16, 6 numbers: [256.0, 258.0]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/sums.py" <<'PYTHON'
import sys

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing


def total(size, dtype, own):
    tensor = torch.full((size,), own, dtype=dtype)
    distributed.all_reduce(tensor)
    return sorted(set(tensor.tolist()))


def work(rank, store):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=3)
    own = [1e8, 1.0, -1e8][rank]
    one, six = total(1, torch.float32, own), total(6, torch.float32, own)
    narrow = total(6, torch.bfloat16, [256.0, 1.0, 1.0][rank])
    if rank == 0:
        print(f"float32, 1 number: {one}; 6 numbers: {six}")
        print(f"bfloat16, 6 numbers: {narrow}")
        assert six == [0.0, 1.0], "behaves otherwise now"
        assert narrow == [256.0, 258.0], "behaves otherwise now"
    distributed.destroy_process_group()


if __name__ == "__main__":
    multiprocessing.spawn(work, (sys.argv[1],), 3)
PYTHON
GLOO_SOCKET_IFNAME=lo "$folder/venv/bin/python" "$folder/sums.py" "$folder/store"
