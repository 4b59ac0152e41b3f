package org.bayu.train.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.TrainException;

/** The disk space of a run's saves, and the free space where they go. */
public final class SaveSpace {
  private final List<Store> stores;

  private SaveSpace(List<Store> stores) {
    this.stores = stores;
  }

  /**
   * What goes to one file system.
   *
   * @param saveBytes of all targets together, once
   * @param freeBytes now
   * @param saves of the whole run, the last included; 1 if none stays
   * @param isRemote whether none stays: each is published elsewhere, and deleted here
   */
  private record Store(
      List<ModelStore> targets, long saveBytes, long freeBytes, int saves, boolean isRemote) {
    private boolean holdsAll() {
      return freeBytes / Math.max(1, saveBytes) >= saves;
    }

    private String keys() {
      return targets.stream().map(ModelStore::key).collect(Collectors.joining(", "));
    }

    private String folders() {
      return targets.stream()
          .map(target -> target.folder().toString())
          .collect(Collectors.joining(" and "));
    }

    private String line() {
      if (isRemote) {
        return "Saves in %s: %s each time; each is made here first, where %s are free."
            .formatted(folders(), bytes(saveBytes), bytes(freeBytes));
      }
      return String.format(
          Locale.ROOT,
          "Saves in %s: %s each time, %,d %s, %s in all; %s free there.%s",
          folders(),
          bytes(saveBytes),
          saves,
          saves == 1 ? "time" : "times",
          bytes(saveBytes * saves),
          bytes(freeBytes),
          holdsAll()
              ? ""
              : " Not all of them fit: those that would leave no room for the last are left out."
                  + " Raise hf_save_steps, or free some space.");
    }
  }

  /**
   * Looks at this machine's file systems as they are now.
   *
   * @param saves of the whole run, the last included
   * @param remote which folders stand for others elsewhere, where the saves stay
   */
  public static SaveSpace of(List<ModelStore> targets, int saves, RemoteFiles remote) {
    return of(targets, saves, remote, FreeSpace.ofThisMachine());
  }

  /**
   * Looks at the file systems as they are now.
   *
   * @param saves of the whole run, the last included
   */
  static SaveSpace of(List<ModelStore> targets, int saves, RemoteFiles remote, FreeSpace space) {
    Map<Object, Long> free = new LinkedHashMap<>();
    Map<Object, List<ModelStore>> byStore = new LinkedHashMap<>();
    for (var target : targets) {
      space
          .at(target.folder())
          .ifPresent(
              room -> {
                free.put(room.id(), room.freeBytes());
                byStore.computeIfAbsent(room.id(), _ -> new ArrayList<>()).add(target);
              });
    }
    var stores = new ArrayList<Store>();
    byStore.forEach(
        (id, those) -> {
          var bytes = those.stream().mapToLong(ModelStore::bytes).sum();
          var isRemote = those.stream().allMatch(target -> remote.isRemote(target.folder()));
          stores.add(
              new Store(
                  List.copyOf(those),
                  bytes,
                  free.getOrDefault(id, 0L),
                  isRemote ? 1 : saves,
                  isRemote));
        });
    return new SaveSpace(List.copyOf(stores));
  }

  /** A line for each file system. */
  public List<String> lines() {
    return stores.stream().map(Store::line).toList();
  }

  /**
   * Refuses a run whose last save would not fit.
   *
   * @throws TrainException if so
   */
  public void check() {
    for (var store : stores) {
      if (store.freeBytes < store.saveBytes) {
        throw TrainException.failed(
            String.format(
                Locale.ROOT,
                "%s: a save takes %s, and %s are free in %s. Free some space, or save elsewhere.",
                store.keys(),
                bytes(store.saveBytes),
                bytes(store.freeBytes),
                store.folders()));
      }
    }
  }

  /** Why another save would leave no room for the last one; empty where there is room. */
  Optional<String> refusalBeforeLast() {
    return stores.stream()
        .filter(store -> store.freeBytes / (store.isRemote ? 1 : 2) < store.saveBytes)
        .map(
            store ->
                String.format(
                    Locale.ROOT,
                    "%s: %s are free in %s, %s",
                    store.keys(),
                    bytes(store.freeBytes),
                    store.folders(),
                    store.freeBytes < store.saveBytes
                        ? "and the last save takes "
                            + bytes(store.saveBytes)
                            + ". Free some before the run ends."
                        : "and the last save needs " + bytes(store.saveBytes) + " of them."))
        .findFirst();
  }

  /** Bytes as text. */
  static String bytes(long bytes) {
    var units = List.of("B", "KiB", "MiB", "GiB", "TiB");
    var unit = 0;
    var value = (double) bytes;
    while (value >= 1024 && unit < units.size() - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.2f %s", value, units.get(unit));
  }
}
