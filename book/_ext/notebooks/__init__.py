"""Extensions that run the chapters and write notebooks for readers."""
