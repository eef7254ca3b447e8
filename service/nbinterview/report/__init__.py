"""The reviewers' report: a Voila app with a process and an environment of its own.

`model` turns an interview's records into a view model, `render` turns that into
HTML; both are pure. `page` is what the notebook in the kernel calls, `client` its
way to the service. `app`, `handlers`, `identity` and `kernels` are the web server.
Nothing here imports `nbinterview.service`.
"""
