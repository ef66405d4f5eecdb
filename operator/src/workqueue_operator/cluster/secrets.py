"""Secrets: read one by name, never a list."""

import base64
import binascii
from collections.abc import Mapping

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import CORE, item
from workqueue_operator.core.errors import ApiError, SecretError, SecretMissingError

VERBS = frozenset({("", "secrets", "get")})


def read_secret(api: Api, namespace: str, name: str) -> Mapping[str, bytes]:
    """The decoded data of a Secret.

    Raises:
        SecretMissingError: it is not there, or we may not read it.
        SecretError: its data is not base64.
        ApiError: the API server did not answer.
    """
    try:
        secret = api.request("GET", item(CORE, namespace, "secrets", name))
    except ApiError as error:
        raise _explained(error, namespace, name) from error
    try:
        return {k: base64.b64decode(v, validate=True) for k, v in secret.get("data", {}).items()}
    except binascii.Error as error:
        raise SecretError(f"Secret {namespace}/{name} holds data that is not base64") from error


def _explained(error: ApiError, namespace: str, name: str) -> ApiError | SecretMissingError:
    if error.status == 404:
        return SecretMissingError(
            f"Secret {namespace}/{name} does not exist. Create it in the WorkQueue's own namespace"
        )
    if error.status == 403:
        return SecretMissingError(
            f"the operator may not read Secret {namespace}/{name} ({error}). Give its service "
            f"account the right to get Secrets in this namespace; the chart does so for the "
            f"namespaces that it was installed for"
        )
    return error
