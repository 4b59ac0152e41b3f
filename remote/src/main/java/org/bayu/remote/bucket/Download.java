package org.bayu.remote.bucket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.bayu.tensor.io.StagedPath;

/** Brings objects here, each whole or not at all. */
record Download(Transfers transfers) {
  /** Brings a file, or what is wanted of a folder, and forgets what is no longer there. */
  void fetch(Path path, BucketAddress address, Predicate<String> wanted) throws IOException {
    var single = ObjectStore.version(address);
    if (single.isPresent()) {
      if (!isHere(path, single.get())) {
        fetch(path, address, Map.of("", single.get()));
      }
      return;
    }
    var there = versions(address, wanted);
    forget(path, wanted.and(name -> !there.containsKey(name)));
    var missing = new LinkedHashMap<String, ObjectStore.Version>();
    for (var file : there.entrySet()) {
      if (!isHere(path.resolve(file.getKey()), file.getValue())) {
        missing.put(file.getKey(), file.getValue());
      }
    }
    fetch(path, address, missing);
  }

  /** What is wanted of a folder, and which of it is here. */
  List<Buckets.StoredFile> files(Path folder, BucketAddress address, Predicate<String> wanted)
      throws IOException {
    var files = new ArrayList<Buckets.StoredFile>();
    for (var file : versions(address, wanted).entrySet()) {
      var name = file.getKey();
      var isHere = isHere(folder.resolve(name), file.getValue());
      files.add(new Buckets.StoredFile(name, file.getValue().bytes(), isHere));
    }
    return files;
  }

  /** The versions of what is wanted of a folder, by their paths in it. */
  private static Map<String, ObjectStore.Version> versions(
      BucketAddress folder, Predicate<String> wanted) throws IOException {
    var versions = new LinkedHashMap<String, ObjectStore.Version>();
    for (var name : ObjectStore.files(folder)) {
      if (wanted.test(name) && !name.endsWith(Buckets.MARKER)) {
        ObjectStore.version(folder.resolve(name)).ifPresent(found -> versions.put(name, found));
      }
    }
    return versions;
  }

  /** Whether the local copy is that version of its object. */
  private boolean isHere(Path local, ObjectStore.Version version) throws IOException {
    var copy = transfers.versions().get(local);
    return Files.isRegularFile(local) && copy.isPresent() && copy.get().object().equals(version);
  }

  private void fetch(Path folder, BucketAddress address, Map<String, ObjectStore.Version> missing)
      throws IOException {
    var sizes = missing.values().stream().map(ObjectStore.Version::bytes).toList();
    transfers.announce("Fetching %s from " + address, sizes);
    FreeBytes.check(address, sizes.stream().mapToLong(each -> each).sum(), folder);
    for (var file : missing.entrySet()) {
      var name = file.getKey();
      if (name.isEmpty()) {
        fetch(address, folder, file.getValue());
      } else {
        fetch(address.resolve(name), folder.resolve(name), file.getValue());
      }
    }
  }

  private void fetch(BucketAddress address, Path local, ObjectStore.Version version)
      throws IOException {
    Files.createDirectories(local.getParent());
    var parts = transfers.versions().parts(local);
    try (var staged = StagedPath.file(local);
        var lock = parts.tryLock().orElse(null)) {
      // Two that wrote one part at a time would spoil it: the second goes its own way.
      var part = lock == null ? staged.path() : parts.of(version);
      ObjectStore.read(address, part);
      if (!ObjectStore.version(address).equals(Optional.of(version))
          || Files.size(part) != version.bytes()) {
        Files.delete(part);
        throw new BucketException(address, "changed while it was read; try again");
      }
      if (lock != null) {
        Files.move(part, staged.path());
      }
      staged.publish();
    }
    transfers.versions().put(local, LocalVersions.Copy.of(local, version));
  }

  /** Deletes copies, unchanged since they came, of what is no longer in the bucket. */
  private void forget(Path path, Predicate<String> isGone) throws IOException {
    for (var file : Transfers.localFiles(path)) {
      var copy = transfers.versions().get(file);
      if (copy.isPresent()
          && copy.get().is(file)
          && isGone.test(path.relativize(file).toString())) {
        Files.delete(file);
        transfers.versions().remove(file);
      }
    }
  }
}
