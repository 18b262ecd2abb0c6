"""The command group `fateflow model`: inspect trained models, deploy, predict, export."""
