#!/bin/sh
# MPICH 4.0.2 and Open MPI 4.1.4 as Debian 12 has them (mpirun.mpich, mpirun.openmpi), mpi4py 4.1.2, numpy 2.4.6, CPython 3.
#
# MPI_Allreduce with MPI_MAX is a usual way to tell all processes that one of them has a NaN, say a loss. MPICH gives two
# processes different results: the one that has the NaN gets the other's number, the other gets the NaN. So the one stops
# and the other goes on. Of three processes all get a number, if the NaN is in the second. Open MPI gives every process the
# same, which is the NaN only if the first process has it. MPI_MIN does likewise, and float64 too. MPI_SUM gives NaN
# everywhere. (gloo of torch 2.13.0 loses the NaN as Open MPI does, and another one in each part of a tensor; not run here.)
#
# Whoever decides something together, such as to skip a step, must add a count of NaNs, or let the maximum be of 0 and 1.
#
# Output seen, each line for a NaN in process 0, 1 and so on:
#   MPICH, 2 processes: max [1.0, nan] [nan, 1.0]; sum [nan, nan] [nan, nan]
#   MPICH, 3 processes: max [1.0, 1.0, nan] [1.0, 1.0, 1.0] [nan, nan, 1.0]; sum [nan, nan, nan] [nan, nan, nan] [nan, nan, nan]
#   Open MPI, 2 processes: max [nan, nan] [1.0, 1.0]; sum [nan, nan] [nan, nan]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mpi4py==4.1.2 numpy==2.4.6
cat > "$folder/max.py" <<'PYTHON'
import numpy
from mpi4py import MPI

world = MPI.COMM_WORLD


def seen(operation):
    results = []
    for bad in range(world.size):
        own = numpy.full(1, numpy.nan if world.rank == bad else 1.0, numpy.float32)
        result = numpy.empty_like(own)
        world.Allreduce(own, result, operation)
        results.append(world.gather(float(result[0])))
    return " ".join(map(str, results))


largest, total = seen(MPI.MAX), seen(MPI.SUM)
if world.rank == 0:
    name, version = MPI.get_vendor()
    assert version == {"MPICH": (4, 0, 2), "Open MPI": (4, 1, 4)}[name], "another version: %s %s" % (name, version)
    print(f"{name}, {world.size} processes: max {largest}; sum {total}")
PYTHON
# mpi4py looks for MPICH under the name that its own builds have.
ln -s "$(ldconfig -p | sed -n 's/.*libmpich\.so\.12 .* => //p' | head -n 1)" "$folder/libmpi.so.12"
mpich() {
  LD_LIBRARY_PATH="$folder" MPI4PY_MPIABI=mpich mpirun.mpich -n "$1" "$folder/venv/bin/python" "$folder/max.py"
}
{
  mpich 2
  mpich 3
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 MPI4PY_MPIABI=openmpi \
    mpirun.openmpi --oversubscribe -n 2 "$folder/venv/bin/python" "$folder/max.py"
} >"$folder/out"
cat "$folder/out"
expect() {
  grep -qxF "$1" "$folder/out" || { echo 'behaves otherwise now'; exit 1; }
}
expect 'MPICH, 2 processes: max [1.0, nan] [nan, 1.0]; sum [nan, nan] [nan, nan]'
expect 'MPICH, 3 processes: max [1.0, 1.0, nan] [1.0, 1.0, 1.0] [nan, nan, 1.0]; sum [nan, nan, nan] [nan, nan, nan] [nan, nan, nan]'
expect 'Open MPI, 2 processes: max [nan, nan] [1.0, 1.0]; sum [nan, nan] [nan, nan]'
