"""Finds the operation of a path in as many steps as the path has words, however many operations there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from carecord.catalogue.model import Operation
from carecord.kernel.errors import MethodNotAllowed


@dataclass(slots=True)
class _Node:
    words: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """All operations by method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node, names = self._root, []
            for word in operation.path.strip("/").split("/"):
                if word.startswith("{"):
                    names.append(word[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.words.setdefault(word, _Node())
            node.operations[operation.method] = (operation, tuple(names))

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its path values; None where no operation has this path.

        Raises MethodNotAllowed where one has, by another method.
        """
        node, values = self._root, []
        for word in path[1:].split("/"):
            below = node.words.get(word)
            if below is None:
                if node.parameter is None or not word:
                    return None
                below = node.parameter
                values.append(word)
            node = below
        found = node.operations.get(method)
        if found is None:
            if not node.operations:
                return None
            allowed = [*node.operations, "HEAD"] if "GET" in node.operations else node.operations
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(allowed))})
        operation, names = found
        return operation, dict(zip(names, values, strict=True))
