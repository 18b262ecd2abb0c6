"""The command group `fateflow model`: look at trained models, deploy, predict, export."""
