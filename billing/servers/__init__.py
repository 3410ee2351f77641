"""What holds of every server that we start: whom it answers, what each answer carries, how long a line may idle.

No part of the business is imported here, so that the sandbox, the dashboard and Dagster's web server can use it too.
"""
