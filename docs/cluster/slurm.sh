#!/bin/bash
#SBATCH --job-name=femo
#SBATCH --array=0-9
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=08:00:00
#SBATCH --requeue
# sbatch slurm.sh /data/clips.csv /data/out: the table's first line is its header; task k reads the lines k, k + 10, ...
set -euo pipefail
table=$1
out=$2/$SLURM_ARRAY_TASK_ID
mkdir -p "$out"
awk -v k="$SLURM_ARRAY_TASK_ID" -v n="$SLURM_ARRAY_TASK_COUNT" 'NR == 1 || (NR - 2) % n == k' "$table" > "$(dirname "$table")/.part-$SLURM_ARRAY_TASK_ID.csv"
srun femo corpus "$(dirname "$table")/.part-$SLURM_ARRAY_TASK_ID.csv" --out "$out" --workers "$SLURM_CPUS_PER_TASK" --json-progress
