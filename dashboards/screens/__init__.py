"""One module a page; each has `show(view)`.

The folder is not called "pages": Streamlit takes a folder of that name beside the main script for its older way of
having pages, and answers the first visit after a start from its files, past the main script and its login.
"""
