"""Extensions that write or check what stands on a page."""
