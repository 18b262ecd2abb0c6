"""The command line `fateflow`: `main` lists the commands, each group is a module or a package."""
