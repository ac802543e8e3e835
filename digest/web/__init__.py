"""Pages: what readers see and do in a browser, rendered here, working without JavaScript.

A page is one file in `pages/`; the folder is the registry. Pages speak to `readers/`, to search and
to the account of a score, never to tables. What is read (GET, HEAD) changes nothing, ever: links in
mails are followed by scanners. What is sent (POST) acts.
"""
