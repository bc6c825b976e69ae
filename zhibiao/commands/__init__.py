"""The commands: each module plugs its own into the application, as other installed packages do."""
