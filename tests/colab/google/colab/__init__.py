"""A stand-in for the module of this name that a Colab runtime has imported before the first cell.

The book looks whether it is there; anywidget asks it for Colab's manager of widgets.
"""
