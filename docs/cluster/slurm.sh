#!/bin/bash
#SBATCH --job-name=femo
#SBATCH --array=0-9
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=08:00:00
#SBATCH --requeue
# sbatch slurm.sh /data/clips.csv /data/out: a CSV or TSV, its first line is its header; task k reads the lines k, k + 10, ... into
# /data/out/k. One task again: sbatch --array=3 slurm.sh /data/clips.csv /data/out.
set -euo pipefail
parts=10 # as many as --array has above, from 0; change both before the first run: whichever tasks are sent again, each keeps its lines
table=$1
k=$SLURM_ARRAY_TASK_ID
out=$2/$k
if ((k >= parts)); then
    echo "slurm.sh: there is no task $k of $parts parts; expected --array=0-$((parts - 1)), or other parts in the script" >&2
    exit 1
fi
if ((${SLURM_ARRAY_TASK_COUNT:-1} > 1 && ${SLURM_ARRAY_TASK_MIN:-0} == 0 && ${SLURM_ARRAY_TASK_MAX:-0} < parts - 1)); then
    echo "slurm.sh: tasks 0 to $SLURM_ARRAY_TASK_MAX would leave lines of $parts parts unread; expected --array=0-$((parts - 1))" >&2
    exit 1
fi
if [[ ! ${table,,} =~ \.(csv|tsv)$ ]]; then
    echo "slurm.sh: $table is no list that can be dealt by lines; expected a .csv or .tsv" >&2
    exit 1
fi
if ! awk '{ n = gsub(/"/, "\"") } n % 2 { exit 1 }' "$table"; then
    echo "slurm.sh: $table has a line break within quotation marks, so it cannot be dealt by lines; take it out" >&2
    exit 1
fi
mkdir -p "$out"
# beside the table, on whose folder its paths hang, and of this job alone: other jobs may deal other tables of the folder
part=$(dirname "$table")/.part-$SLURM_ARRAY_JOB_ID-$k-$(basename "$table")
trap 'rm -f "$part"' EXIT
awk -v k="$k" -v n="$parts" 'NR == 1 || (NR - 2) % n == k' "$table" > "$part"
srun femo corpus "$part" --out "$out" --workers "$SLURM_CPUS_PER_TASK" --json-progress
