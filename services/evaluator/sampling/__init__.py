"""Production is watched: `drawing` (which runs are judged), `config` (what `online.yaml` says)."""
