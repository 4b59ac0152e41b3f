package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagedPathTest {
  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void publishedFolderTakesTheTargetsName() throws IOException {
    var target = folder.resolve("new/model");
    try (var staged = StagedPath.folder(target)) {
      Files.createDirectory(staged.path().resolve("sub"));
      Files.writeString(staged.path().resolve("sub/a.txt"), "a");
      assertFalse(Files.exists(target));
      staged.publish();
    }
    assertEquals("a", Files.readString(target.resolve("sub/a.txt")));
    assertEquals(List.of("new"), names());
  }

  @Test
  void publishedFolderReplacesAnEmptyOne() throws IOException {
    var target = Files.createDirectory(folder.resolve("model"));
    try (var staged = StagedPath.folder(target)) {
      Files.writeString(staged.path().resolve("a.txt"), "a");
      staged.publish();
    }
    assertTrue(Files.exists(target.resolve("a.txt")));
    assertEquals(List.of("model"), names());
  }

  @Test
  void linkToAnEmptyFolderIsFollowed() throws IOException {
    var real = Files.createDirectory(folder.resolve("real"));
    var link = Files.createSymbolicLink(folder.resolve("link"), real);
    try (var staged = StagedPath.folder(link)) {
      Files.writeString(staged.path().resolve("a.txt"), "a");
      staged.publish();
    }
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.exists(real.resolve("a.txt")));
  }

  @Test
  void unpublishedFolderIsRemoved() throws IOException {
    var target = folder.resolve("model");
    try (var staged = StagedPath.folder(target)) {
      Files.createDirectory(staged.path().resolve("sub"));
      Files.writeString(staged.path().resolve("sub/a.txt"), "a");
    }
    assertEquals(List.of(), names());
  }

  @Test
  void folderThatIsNotEmptyIsLeftAlone() throws IOException {
    var target = Files.createDirectory(folder.resolve("model"));
    Files.writeString(target.resolve("a.txt"), "a");
    var e = assertThrows(FileAlreadyExistsException.class, () -> StagedPath.folder(target));
    assertEquals(target + ": the folder is not empty; name a new one, or empty it", e.getMessage());
    assertEquals(List.of("model"), names());
  }

  @Test
  void folderThatFillsMeanwhileIsLeftAlone() throws IOException {
    var target = folder.resolve("model");
    try (var staged = StagedPath.folder(target)) {
      Files.writeString(staged.path().resolve("a.txt"), "new");
      Files.createDirectory(target);
      Files.writeString(target.resolve("a.txt"), "old");
      assertThrows(IOException.class, staged::publish);
    }
    assertEquals("old", Files.readString(target.resolve("a.txt")));
    assertEquals(List.of("model"), names());
  }

  @Test
  void fileIsNoFolder() throws IOException {
    var target = Files.writeString(folder.resolve("model"), "a");
    var e = assertThrows(FileAlreadyExistsException.class, () -> StagedPath.folder(target));
    assertEquals(target + ": it is not a folder", e.getMessage());
  }

  @Test
  void folderThatCannotBeWrittenIsNamed() throws IOException {
    var closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(Files.isWritable(closed), "this user may write everywhere");
    var target = closed.resolve("model");
    var e = assertThrows(AccessDeniedException.class, () -> StagedPath.folder(target));
    assertEquals(target + ": its folder is not writable", e.getMessage());
    assertThrows(AccessDeniedException.class, () -> StagedPath.file(target));
  }

  /**
   * Writes a folder until it is killed. With a second argument it is where the deletion or the
   * replacement of a folder has moved it aside.
   */
  public static void main(String[] arguments) throws IOException {
    var target = Path.of(arguments[0]);
    if (arguments.length > 1) {
      var old = StagingLock.staged(target);
      StagingLock.take(old, target);
      Files.move(target, old);
    }
    var staged = StagedPath.folder(target);
    Files.writeString(staged.path().resolve("weights"), "half");
    System.out.println("writing");
    while (true) {
      LockSupport.park();
    }
  }

  private static Process writer(Path target, String... more) throws IOException {
    var path = System.getProperty("java.class.path");
    var modules = System.getProperty("jdk.module.path", "");
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                String.join(File.pathSeparator, "target/test-classes", modules, path),
                StagedPathTest.class.getName(),
                target.toString()));
    command.addAll(List.of(more));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertEquals("writing", process.inputReader(UTF_8).readLine());
    return process;
  }

  @Test
  void whatAKilledProcessLeftOfATargetIsRemovedByWhoeverWritesItNext() throws Exception {
    var target = folder.resolve("model");
    var writer = writer(target);
    assertEquals(2, names().size());
    assertEquals(List.of(), StagedPath.removeLeftovers(target));
    assertEquals(2, names().size(), "it is being written");
    writer.destroyForcibly().waitFor();
    assertEquals(2, names().size());
    try (var staged = StagedPath.folder(target)) {
      staged.publish();
    }
    assertEquals(List.of("model"), names());
  }

  @Test
  void whatWasLeftOfAnotherTargetOrByAnotherMachineIsNamedAndNotTouched() throws Exception {
    writer(folder.resolve("model")).destroyForcibly().waitFor();
    var left = names();
    var other = folder.resolve("other");
    var staged = folder.resolve(left.getLast());
    assertEquals(List.of(staged), StagedPath.removeLeftovers(other));
    var lock = folder.resolve(left.getFirst());
    Files.writeString(lock, "elsewhere\n" + folder.resolve("model") + "\n");
    assertEquals(List.of(staged), StagedPath.removeLeftovers(folder.resolve("model")));
    assertEquals(left, names());
  }

  @Test
  void replacementTakesThePlaceOfAFolderThatIsNotEmpty() throws IOException {
    var target = Files.createDirectory(folder.resolve("model"));
    Files.writeString(target.resolve("old.txt"), "old");
    try (var staged = StagedPath.replacement(target)) {
      Files.writeString(staged.path().resolve("new.txt"), "new");
      assertEquals("old", Files.readString(target.resolve("old.txt")));
      staged.publish();
    }
    assertEquals("new", Files.readString(target.resolve("new.txt")));
    assertFalse(Files.exists(target.resolve("old.txt")));
    assertEquals(List.of("model"), names());
  }

  @Test
  void replacementThatIsGivenUpLeavesTheOldFolder() throws IOException {
    var target = Files.createDirectory(folder.resolve("model"));
    Files.writeString(target.resolve("old.txt"), "old");
    try (var staged = StagedPath.replacement(target)) {
      Files.writeString(staged.path().resolve("new.txt"), "new");
    }
    assertEquals("old", Files.readString(target.resolve("old.txt")));
    assertEquals(List.of("model"), names());
  }

  @Test
  void replacementOfNothingIsANewFolder() throws IOException {
    var target = folder.resolve("new/model");
    try (var staged = StagedPath.replacement(target)) {
      Files.writeString(staged.path().resolve("new.txt"), "new");
      staged.publish();
    }
    assertEquals("new", Files.readString(target.resolve("new.txt")));
  }

  @Test
  void replacementRefusesAFile() throws IOException {
    var target = Files.writeString(folder.resolve("model"), "a");
    assertThrows(FileAlreadyExistsException.class, () -> StagedPath.replacement(target));
  }

  @Test
  void deletedFolderLeavesNothing() throws IOException {
    var target = Files.createDirectories(folder.resolve("model/sub"));
    Files.writeString(target.resolve("a.txt"), "a");
    StagedPath.delete(folder.resolve("model"));
    assertEquals(List.of(), names());
    assertThrows(NoSuchFileException.class, () -> StagedPath.delete(folder.resolve("model")));
    assertEquals(List.of(), names());
  }

  @Test
  void deletedLinkLeavesWhatItNames() throws IOException {
    var real = Files.createDirectory(folder.resolve("real"));
    Files.writeString(real.resolve("a.txt"), "a");
    var link = Files.createSymbolicLink(folder.resolve("link"), real);
    StagedPath.delete(link);
    assertEquals(List.of("real"), names());
    assertEquals("a", Files.readString(real.resolve("a.txt")));
  }

  @Test
  void processKilledWhileItReplacesOrDeletesLeavesWhatTheNextRemoves() throws Exception {
    var target = Files.createDirectory(folder.resolve("model"));
    Files.writeString(target.resolve("old.txt"), "old");
    var writer = writer(target, "moved aside");
    assertEquals(List.of(), StagedPath.removeLeftovers(target));
    assertEquals(4, names().size(), "it is in use");
    writer.destroyForcibly().waitFor();
    assertFalse(Files.exists(target), "no half of a folder under its name");
    assertEquals(List.of(), StagedPath.removeLeftovers(target));
    assertEquals(List.of(), names());
  }

  @Test
  void leftoversOfAllTargetsAreRemovedFromAFolderOfOnesOwn() throws Exception {
    var kept = Files.createDirectory(folder.resolve("step-1"));
    writer(folder.resolve("step-2")).destroyForcibly().waitFor();
    writer(folder.resolve("step-3")).destroyForcibly().waitFor();
    Files.createFile(folder.resolve(".bayu-1.lock")); // killed before it wrote more
    var other = Files.createDirectory(folder.resolve(".bayu-2.tmp"));
    var lock = Files.writeString(folder.resolve(".bayu-2.lock"), "elsewhere\nstep-4\n");
    try (var living = StagedPath.file(folder.resolve("step-5"))) {
      Files.createFile(living.path());
      assertEquals(List.of(other), StagedPath.removeAllLeftovers(folder));
      assertTrue(Files.exists(living.path()));
      assertEquals(5, names().size());
    }
    assertEquals(
        List.of(lock.getFileName().toString(), other.getFileName().toString(), "step-1"), names());
    assertTrue(Files.exists(kept));
  }

  @Test
  void ownWritingStaysLockedWhenThisProcessLooksForLeftovers() throws Exception {
    var target = folder.resolve("model");
    try (var staged = StagedPath.folder(target)) {
      assertEquals(List.of(), StagedPath.removeLeftovers(target));
      // Another process that writes the same target would remove it if the lock were gone.
      writer(target).destroyForcibly().waitFor();
      assertTrue(Files.exists(staged.path()));
    }
  }

  @Test
  void twoMayWriteOneTargetAtATime() throws IOException {
    var target = folder.resolve("model");
    try (var one = StagedPath.file(target);
        var two = StagedPath.file(target)) {
      Files.writeString(one.path(), "one");
      Files.writeString(two.path(), "two");
      two.publish();
      one.publish();
    }
    assertEquals("one", Files.readString(target));
    assertEquals(List.of("model"), names());
  }
}
