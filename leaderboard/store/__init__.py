"""What was accepted, and by whom: entries, files, and their copy on the Hub."""
