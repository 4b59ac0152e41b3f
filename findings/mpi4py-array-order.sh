#!/bin/sh
# mpi4py 4.1.2, numpy 2.4.6, MPICH 4.0.2 and Open MPI 4.1.4 as Debian 12 has them (mpirun.mpich, mpirun.openmpi), CPython 3.
#
# Allreduce, Bcast and the other methods of mpi4py that take arrays send an array's memory as it lies, in C's order or in
# Fortran's, and look neither at the shape nor at the order. If one process has a transposed matrix, as a gradient often is, or
# the result is made by numpy.empty and the array is not in C's order, the values are added, or arrive, in other places.
# Nothing is said. Views that lie in neither order are refused, which makes one believe that the order is heeded.
# allreduce and bcast, in small letters, which pickle, are right.
#
# Whoever averages gradients or weights must call numpy.ascontiguousarray before each such call.
#
# Output seen, the sum of [[0, 1, 2], [3, 4, 5]] over two processes, of which the second has it in Fortran's order,
# and what the second gets from the first (Open MPI prints the same two lines):
#   Allreduce [[0.0, 4.0, 3.0], [7.0, 6.0, 10.0]], allreduce [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]
#   Bcast [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]], of a part of each row: dlpack: buffer is not contiguous
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mpi4py==4.1.2 numpy==2.4.6
cat >"$folder/order.py" <<'PYTHON'
import numpy
from mpi4py import MPI

world = MPI.COMM_WORLD
matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
own = matrix if world.rank == 0 else numpy.asfortranarray(matrix)
assert (own == matrix).all() and own.shape == (2, 3)
total = numpy.empty((2, 3), numpy.float32)
world.Allreduce(own, total)
pickled = world.allreduce(own)
got = own.copy(order="K")
world.Bcast(got, 0)
try:
    world.Allreduce(matrix[:, :2], numpy.empty((2, 2), numpy.float32))
    part = "taken"
except (ValueError, BufferError) as error:
    part = str(error)
totals, sent = world.gather(total.tolist()), world.gather(got.tolist())
if world.rank == 0:
    print(f"Allreduce {totals[0]}, allreduce {pickled.tolist()}")
    print(f"Bcast {sent[1]}, of a part of each row: {part}")
    assert pickled.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert totals == [[[0, 4, 3], [7, 6, 10]]] * 2, "behaves otherwise now"
    assert sent == [[[0, 1, 2], [3, 4, 5]], [[0, 2, 4], [1, 3, 5]]], "behaves otherwise now"
    assert part != "taken"
PYTHON
# mpi4py looks for MPICH under the name that its own builds have.
ln -s "$(ldconfig -p | sed -n 's/.*libmpich\.so\.12 .* => //p' | head -n 1)" "$folder/libmpi.so.12"
echo MPICH
LD_LIBRARY_PATH="$folder" MPI4PY_MPIABI=mpich mpirun.mpich -n 2 "$folder/venv/bin/python" "$folder/order.py"
echo Open MPI
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 MPI4PY_MPIABI=openmpi \
  mpirun.openmpi --oversubscribe -n 2 "$folder/venv/bin/python" "$folder/order.py"
