"""Write the results of all machines as tables into README.md."""
