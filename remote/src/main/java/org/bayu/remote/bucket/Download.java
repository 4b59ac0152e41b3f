package org.bayu.remote.bucket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.bayu.tensor.io.StagedPath;

/** Brings objects here, each whole or not at all. */
record Download(Transfers transfers) {
  /** Brings a file, or what is wanted of a folder, and forgets what is no longer there. */
  void fetch(Path path, BucketAddress address, Predicate<String> wanted) throws IOException {
    var missing = new LinkedHashMap<String, ObjectStore.Version>();
    var single = ObjectStore.version(address);
    if (single.isPresent()) {
      find("", path, single.get(), missing);
    } else {
      var names =
          ObjectStore.files(address).stream()
              .filter(wanted.and(name -> !name.endsWith(Buckets.MARKER)))
              .toList();
      for (var name : names) {
        var version = ObjectStore.version(address.resolve(name));
        if (version.isPresent()) {
          find(name, path, version.get(), missing);
        }
      }
      forget(path, wanted.and(name -> !names.contains(name)));
    }
    fetch(path, address, missing);
  }

  /** Adds a file to those that are missing, if it is. */
  private void find(
      String name,
      Path folder,
      ObjectStore.Version version,
      Map<String, ObjectStore.Version> missing)
      throws IOException {
    var local = name.isEmpty() ? folder : folder.resolve(name);
    var copy = transfers.versions().get(local);
    if (!Files.isRegularFile(local) || copy.isEmpty() || !copy.get().object().equals(version)) {
      missing.put(name, version);
    }
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
    try (var staged = StagedPath.file(local)) {
      ObjectStore.read(address, staged.path());
      var now = ObjectStore.version(address);
      if (!now.equals(Optional.of(version)) || Files.size(staged.path()) != version.bytes()) {
        throw new BucketException(address, "changed while it was read; try again");
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
