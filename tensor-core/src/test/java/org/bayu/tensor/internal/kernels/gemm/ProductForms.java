package org.bayu.tensor.internal.kernels.gemm;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.tensor.DType;

/** Small products, one for each way that any kernels have to compute one. */
final class ProductForms {
  private final Arena arena;
  private final List<Form> forms = new ArrayList<>();

  /** A product whose matrices and terms are made once. */
  record Form(String name, Consumer<Gemm> multiplication) {
    void multiply(Gemm gemm) {
      multiplication.accept(gemm);
    }
  }

  private ProductForms(Arena arena) {
    this.arena = arena;
  }

  /** All of them, in memory of {@code arena}. */
  static List<Form> all(Arena arena) {
    var made = new ProductForms(arena);
    for (var type : new DType[] {DType.F32, DType.BF16}) {
      made.addAll(type);
    }
    return made.forms;
  }

  private void addAll(DType type) {
    add("few rows", 3, 80, type, type, term(type, 3, 80, 96));
    add("a vector", 1, 200, type, type, term(type, 1, 200, 64));
    add("few rows, beside each other", 4, 70, type, type, columns(type, 4, 70, 40));
    add("some rows", 40, 64, type, type, term(type, 40, 64, 64));
    add("many rows", 150, 130, type, type, term(type, 150, 130, 64));
    add("many rows, all from columns", 130, 90, type, DType.F32, columns(type, 130, 90, 32));
    add("a result of few columns", 160, 5, type, type, term(type, 160, 5, 48));
    add("a long k", 20, 32, type, DType.F32, term(type, 20, 32, 1100));
    add("an odd k", 20, 24, type, DType.F16, term(type, 20, 24, 33));
    add("other operands", 20, 48, type, type, term(DType.F16, 20, 48, 32));
    add("two terms", 33, 64, type, type, term(type, 33, 64, 64), term(type, 33, 64, 8));
    add("few rows of two terms", 2, 64, type, type, term(type, 2, 64, 64), term(type, 2, 64, 8));
    add("strides that are not 1", 20, 20, type, type, strided(type, 20, 20, 20));
    add("no steps", 20, 20, type, type, term(type, 20, 20, 0));
    var c = matrix(type, 40, 40);
    var term = term(type, 40, 40, 24);
    add(type + " added, scaled", 40, 40, type, 0.5f, true, c, term);
    add(type + " added, transposed", 40, 40, type, 1, true, c.transposed(), term);
  }

  private void add(String name, int m, int n, DType operands, DType result, Term... terms) {
    var c = matrix(result, m, n);
    add(operands + " " + name, m, n, operands, 1, false, c, terms);
  }

  private void add(
      String name,
      int m,
      int n,
      DType operands,
      float alpha,
      boolean accumulate,
      Matrix c,
      Term... terms) {
    forms.add(new Form(name, gemm -> gemm.multiply(m, n, operands, alpha, accumulate, c, terms)));
  }

  private Matrix matrix(DType type, int rows, int columns) {
    return new Matrix(arena.allocate((long) rows * columns * 4, 64), 0, type, columns, 1);
  }

  /** X·Wᵀ. */
  private Term term(DType type, int m, int n, int k) {
    return new Term(matrix(type, m, k), matrix(type, n, k).transposed(), k);
  }

  /** Aᵀ·B. */
  private Term columns(DType type, int m, int n, int k) {
    return new Term(matrix(type, k, m).transposed(), matrix(type, k, n), k);
  }

  private Term strided(DType type, int m, int n, int k) {
    return new Term(strided(type, m, k), strided(type, k, n), k);
  }

  private Matrix strided(DType type, int rows, int columns) {
    var memory = arena.allocate((long) rows * columns * 8, 64);
    return new Matrix(memory, 0, type, 2L * columns, 2);
  }
}
