"""An arena as kernels see it: a pointer to its memory, the attributes of which are the fields of the layout.

As a structured array it would compile to several times as much code.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)

from nsr.expressions.layout import ARENA


class ArenaType(types.Type):
    """Numba's type of an arena."""

    def __init__(self) -> None:
        super().__init__(name="Arena")


_ARENA_TYPE = ArenaType()
register_model(ArenaType)(models.OpaqueModel)


@infer_getattr
class _Fields(AttributeTemplate):
    """Numbers, and pointers to the first of several."""

    key = ArenaType

    def generic_resolve(self, _arena: ArenaType, name: str) -> Any:  # type: ignore[override]
        element = _element(name)
        return types.CPointer(element) if ARENA[name].shape else element


def _element(name: str) -> Any:
    return types.float64 if ARENA[name].base.kind == "f" else types.int64


def _place(context: Any, builder: Any, arena: Any, name: str) -> Any:
    assert ARENA.fields is not None
    place = builder.gep(arena, [cgutils.intp_t(ARENA.fields[name][1])])
    return builder.bitcast(place, context.get_value_type(_element(name)).as_pointer())


@lower_getattr_generic(ArenaType)
def _get(context: Any, builder: Any, _kind: Any, arena: Any, name: str) -> Any:
    place = _place(context, builder, arena, name)
    return place if ARENA[name].shape else builder.load(place)


@lower_setattr_generic(ArenaType)
def _set(context: Any, builder: Any, _signature: Any, values: Any, name: str) -> None:
    arena, value = values
    builder.store(value, _place(context, builder, arena, name))


def _opened(_context: Any, memory: Any) -> Any:
    """The arena in an array of bytes."""

    def generated(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        return builder.bitcast(array.data, context.get_value_type(_ARENA_TYPE))

    return _ARENA_TYPE(memory), generated


opened: Any = intrinsic(_opened)
