"""What the console computes for those who ask: comparisons, proofs, batches of runs."""
