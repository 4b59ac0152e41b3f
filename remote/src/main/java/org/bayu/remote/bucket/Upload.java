package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** Brings files to a bucket, and deletes them there. */
record Upload(Transfers transfers) {
  /** Of these, one makes a folder what it is, so they come last and go first. */
  private static final Set<String> LAST =
      Set.of("config.json", "adapter_config.json", "checksums.json", "evaluation.json");

  /** Brings a file or a folder there, unless it is there as it is. */
  void publish(Path path, BucketAddress address) throws IOException {
    if (Files.isDirectory(path)) {
      publishFolder(path, address);
    } else if (!isThere(path, address)) {
      upload(path, address);
    }
  }

  private void publishFolder(Path folder, BucketAddress address) throws IOException {
    var files = new TreeMap<String, Long>();
    for (var file : Transfers.localFiles(folder)) {
      files.put(folder.relativize(file).toString(), Files.size(file));
    }
    var there = ObjectStore.files(address);
    var changed = new ArrayList<String>();
    for (var name : files.keySet()) {
      if (!isThere(folder.resolve(name), address.resolve(name))) {
        changed.add(name);
      }
    }
    var gone = there.stream().filter(name -> !files.containsKey(name) || isLast(name)).toList();
    if (changed.isEmpty()
        && gone.contains(Buckets.MARKER)
        && gone.stream().allMatch(Upload::isLast)) {
      return;
    }
    delete(folder, address, gone);
    for (var name : gone) {
      if (files.containsKey(name) && !changed.contains(name)) {
        changed.add(name);
      }
    }
    changed.sort(
        Comparator.<String, Boolean>comparing(Upload::isLast)
            .thenComparing(files::get, Comparator.reverseOrder()));
    transfers.announce("Uploading %s to " + address, changed.stream().map(files::get).toList());
    for (var name : changed) {
      upload(folder.resolve(name), address.resolve(name));
    }
    var _ = ObjectStore.write(address.resolve(Buckets.MARKER), content(files.size() + " files\n"));
  }

  private static boolean isLast(String name) {
    return name.equals(Buckets.MARKER) || LAST.contains(name.replaceFirst(".*/", ""));
  }

  /** Whether a file's object is as it is. */
  private boolean isThere(Path file, BucketAddress address) throws IOException {
    var known = transfers.versions().get(file);
    return known.isPresent()
        && known.get().is(file)
        && ObjectStore.version(address).equals(known.map(LocalVersions.Copy::object));
  }

  private void upload(Path file, BucketAddress address) throws IOException {
    // Before it is read: what is written meanwhile makes it another one.
    var size = Files.size(file);
    var changed = Files.getLastModifiedTime(file).toMillis();
    try (var in = Files.newInputStream(file)) {
      var version = ObjectStore.write(address, in);
      transfers.versions().put(file, new LocalVersions.Copy(version, size, changed));
    }
  }

  private static InputStream content(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  /** Tries to write beside what is to be at an address, and deletes what it wrote. */
  static void checkWritable(BucketAddress address) throws IOException {
    var names = address.names();
    var parent =
        new BucketAddress(
            address.scheme(), address.bucket(), names.subList(0, Math.max(0, names.size() - 1)));
    var probe = parent.resolve(".bayu-probe");
    var _ = ObjectStore.write(probe, content("may be deleted\n"));
    try {
      ObjectStore.delete(probe);
    } catch (BucketException e) {
      // Who may write but not delete may train.
    }
  }

  /** Deletes an object, and all in the folder of that name. */
  void delete(Path path, BucketAddress address) throws IOException {
    if (ObjectStore.version(address).isPresent()) {
      ObjectStore.delete(address);
      transfers.versions().remove(path);
    }
    delete(path, address, ObjectStore.files(address));
  }

  private void delete(Path folder, BucketAddress address, List<String> names) throws IOException {
    var ordered = new ArrayList<>(names);
    ordered.sort(
        Comparator.comparing((String name) -> !name.equals(Buckets.MARKER))
            .thenComparing(name -> !isLast(name)));
    for (var name : ordered) {
      ObjectStore.delete(address.resolve(name));
      transfers.versions().remove(folder.resolve(name));
    }
  }
}
