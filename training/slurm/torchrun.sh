#!/usr/bin/env bash
# Pretraining without SLURM: run this on every node, with the first node's name and each node's number.
#   NODES=2 NODE=0 HEAD=node0 bash training/slurm/torchrun.sh training/configs/base.yaml [overrides]
# On one node no variable is needed. Starting it again goes on from the last checkpoint.
set -euo pipefail
config=$1
shift
export OMP_NUM_THREADS=1
exec torchrun --nnodes "${NODES:-1}" --node-rank "${NODE:-0}" --nproc-per-node "${GPUS:-8}" \
    --rdzv-backend c10d --rdzv-endpoint "${HEAD:-localhost}:29500" \
    --module training.main fit --config "$config" \
    --trainer.num_nodes "${NODES:-1}" --trainer.devices "${GPUS:-8}" --ckpt_path last "$@"
