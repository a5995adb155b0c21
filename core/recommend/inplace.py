"""BLAS and LAPACK on parts of one large square, in their place.

scipy's wrappers copy whatever is not a whole Fortran-ordered array: at 20,000 items each panel would be copied again
and again. The routines are those scipy publishes for compiled code (scipy.linalg.cython_blas, cython_lapack), called
by their addresses, outside the interpreter's lock.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from core.interactions import Array


class Routines:
    """Work on the lower triangle of the Fortran-ordered view A of a C-ordered square: its upper triangle.

    Slices name rows and columns of A. Of the blocks on the diagonal only the lower triangle is read and written.
    """

    def __init__(self, square: Array) -> None:
        if square.ndim != 2 or square.shape[0] != square.shape[1] or not square.flags.c_contiguous:
            raise ValueError("a C-ordered square")
        if square.dtype not in (np.dtype(np.float32), np.dtype(np.float64)) or not square.flags.writeable:
            raise ValueError("float32 or float64, writable")
        self._kept = square  # the memory that addresses point into
        self._letter = "s" if square.dtype == np.float32 else "d"
        self._real = ctypes.c_float if square.dtype == np.float32 else ctypes.c_double
        self._n, self._bytes, self._base = len(square), square.itemsize, square.ctypes.data
        _routine("lapack", self._letter + "potrf")  # scipy's library is there from now on: limits of threads reach it

    def cholesky(self, block: slice) -> bool:
        """The block becomes its Cholesky factor; False where it is not positive definite."""
        return self._lapack("potrf", b"L", _size(block), self._at(block, block), self._n) == 0

    def invert_triangle(self, block: slice) -> None:
        """The triangle becomes its inverse."""
        self._lapack("trtri", b"L", b"N", _size(block), self._at(block, block), self._n)

    def square_triangle(self, block: slice) -> None:
        """The triangle L becomes L'L."""
        self._lapack("lauum", b"L", _size(block), self._at(block, block), self._n)

    def divide_right(
        self, rows: slice, columns: slice, *, by: slice, turned: bool = False, minus: bool = False
    ) -> None:
        """A[rows, columns] becomes A[rows, columns] L^-1, L the triangle `by`; or L^-T, or minus that."""
        self._triangle("trsm", b"R", b"T" if turned else b"N", rows, columns, by, -1.0 if minus else 1.0)

    def multiply_left(self, rows: slice, columns: slice, *, by: slice, turned: bool = False) -> None:
        """A[rows, columns] becomes L A[rows, columns], L the triangle `by`; or L'."""
        self._triangle("trmm", b"L", b"T" if turned else b"N", rows, columns, by, 1.0)

    def take_square(self, columns: slice, *, rows: slice, by: slice) -> None:
        """The triangle `columns` less A[rows, by] A[rows, by]'."""
        self._syrk(b"N", columns, self._at(rows, by), _size(by), -1.0)

    def add_square(self, block: slice, *, by: slice) -> None:
        """The triangle `block` plus A[by, block]' A[by, block]."""
        self._syrk(b"T", block, self._at(by, block), _size(by), 1.0)

    def take_product(self, rows: slice, columns: slice, *, by: slice) -> None:
        """A[rows, columns] less A[rows, by] A[columns, by]'."""
        self._gemm(b"N", b"T", rows, columns, self._at(rows, by), self._at(columns, by), _size(by), -1.0)

    def add_turned(self, rows: slice, columns: slice, *, by: slice) -> None:
        """A[rows, columns] plus A[by, rows]' A[by, columns]."""
        self._gemm(b"T", b"N", rows, columns, self._at(by, rows), self._at(by, columns), _size(by), 1.0)

    def _at(self, rows: slice, columns: slice) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._base + self._bytes * (rows.start + columns.start * self._n))

    def _triangle(
        self, name: str, side: bytes, turn: bytes, rows: slice, columns: slice, by: slice, times: float
    ) -> None:
        if _size(rows) and _size(columns):
            self._blas(name, side, b"L", turn, b"N", _size(rows), _size(columns), times, self._at(by, by), self._n,
                       self._at(rows, columns), self._n)  # fmt: skip

    def _syrk(self, turn: bytes, block: slice, factor: ctypes.c_void_p, depth: int, times: float) -> None:
        if depth:
            self._blas("syrk", b"L", turn, _size(block), depth, times, factor, self._n, 1.0,
                       self._at(block, block), self._n)  # fmt: skip

    def _gemm(
        self,
        left_turn: bytes,
        right_turn: bytes,
        rows: slice,
        columns: slice,
        left: ctypes.c_void_p,
        right: ctypes.c_void_p,
        depth: int,
        times: float,
    ) -> None:
        if depth and _size(rows) and _size(columns):
            self._blas("gemm", left_turn, right_turn, _size(rows), _size(columns), depth, times, left, self._n,
                       right, self._n, 1.0, self._at(rows, columns), self._n)  # fmt: skip

    def _blas(self, name: str, *given: bytes | int | float | ctypes.c_void_p) -> None:
        _routine("blas", self._letter + name)(*[self._passed(one) for one in given])

    def _lapack(self, name: str, *given: bytes | int | float | ctypes.c_void_p) -> int:
        info = ctypes.c_int(0)
        _routine("lapack", self._letter + name)(*[self._passed(one) for one in given], ctypes.byref(info))
        return info.value

    def _passed(self, one: bytes | int | float | ctypes.c_void_p) -> Any:
        """As Fortran takes it: by its address."""
        if isinstance(one, bytes):
            return ctypes.c_char_p(one)
        if isinstance(one, int):
            return ctypes.byref(ctypes.c_int(one))
        return ctypes.byref(self._real(one)) if isinstance(one, float) else one


def _size(of: slice) -> int:
    return int(of.stop - of.start)


@cache
def _routine(library: str, name: str) -> Any:
    """A function that takes addresses; calls leave the interpreter's lock."""
    from scipy.linalg import cython_blas, cython_lapack

    capsule = {"blas": cython_blas, "lapack": cython_lapack}[library].__pyx_capi__[name]
    named = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))
    address = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    return ctypes.CFUNCTYPE(None)(address(capsule, named(capsule)))
