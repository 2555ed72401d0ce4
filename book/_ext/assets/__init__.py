"""Extensions that write the scripts, style sheet, figures and fonts beside the pages."""
