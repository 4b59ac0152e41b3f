package org.bayu.collectives;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/** A process alone: its own values are the sums. */
final class Alone implements Communicator {
  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public String description() {
    return "one process";
  }

  @Override
  public Communicator split(int color, int key) {
    Segments.requireColor(color);
    return new Alone();
  }

  @Override
  public void allReduce(MemorySegment values) {
    Segments.requireFloats(values);
    Segments.requireWritable(values);
  }

  @Override
  public void reduceScatter(MemorySegment values, MemorySegment part) {
    Segments.requireFloats(values);
    allGather(values, part);
  }

  @Override
  public void allGather(MemorySegment part, MemorySegment all) {
    Segments.requireBytes(part);
    Segments.requireBytes(all);
    Segments.requireWritable(all);
    Segments.requireParts(part, all, 1);
    all.copyFrom(part);
  }

  @Override
  public void allToAll(MemorySegment sent, MemorySegment received) {
    allGather(sent, received);
  }

  @Override
  public void allToAll(MemorySegment array, long stride, long at, MemorySegment received) {
    Segments.requirePieces(array, stride, at, received, 1);
  }

  @Override
  public void allGather(MemorySegment array, long stride) {
    Segments.requireStride(array, stride, 1);
    Segments.requireWritable(array);
  }

  @Override
  public void broadcast(MemorySegment bytes, int root) {
    Segments.requireBytes(bytes);
    Segments.requireRank(root, 1);
  }

  @Override
  public void barrier() {}

  @Override
  public CompletableFuture<Void> start(Runnable collectives) {
    return CompletableFuture.runAsync(collectives, Runnable::run);
  }

  @Override
  public void abort(int exitCode) {
    Runtime.getRuntime().halt(exitCode);
  }

  @Override
  public void finish() {}
}
