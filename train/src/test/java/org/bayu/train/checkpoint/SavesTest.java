package org.bayu.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.TrainException;
import org.bayu.train.checkpoint.ModelStore.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Saves on disks that are full or become full. */
class SavesTest {
  private static final long ADAPTER_BYTES = 10;
  private static final long MODEL_BYTES = 1000;

  @TempDir private Path folder;
  private final List<String> messages = new ArrayList<>();
  private final Set<Path> full = new TreeSet<>();
  private Path adapters;
  private Path merged;
  private Path run;
  private Path temporary;
  private long free = Long.MAX_VALUE;
  private RemoteFiles remote = RemoteFiles.NONE;

  @BeforeEach
  void name() {
    adapters = folder.resolve("adapters");
    merged = folder.resolve("merged");
    run = folder.resolve("run");
    temporary = folder.resolve("temporary");
  }

  private Saves saves() {
    var adapter = new Store("hf_save_path", Kind.ADAPTER, adapters, ADAPTER_BYTES);
    var model = new Store("merged_hf_save_path", Kind.MERGED, merged, MODEL_BYTES);
    return new Saves(
        List.of(adapter, model),
        adapter,
        List.of(run, temporary),
        remote,
        _ -> Optional.of(new FreeSpace.Room("disk", free)),
        false,
        messages::add);
  }

  private final class Store implements ModelStore {
    private final String key;
    private final Kind kind;
    private final Path folder;
    private final long bytes;

    Store(String key, Kind kind, Path folder, long bytes) {
      this.key = key;
      this.kind = kind;
      this.folder = folder;
      this.bytes = bytes;
    }

    @Override
    public String key() {
      return key;
    }

    @Override
    public Kind kind() {
      return kind;
    }

    @Override
    public Path folder() {
      return folder;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public void write(Path target) throws IOException {
      SavesTest.this.write(kind, target);
    }
  }

  private void write(Kind kind, Path target) throws IOException {
    if (full.stream().anyMatch(target::startsWith)) {
      throw new IOException("No space left on device");
    }
    Files.createDirectories(target);
    Files.writeString(target.resolve("what"), kind.toString());
  }

  private static String sentence(TrainException e) {
    return String.valueOf(e.getMessage());
  }

  @Test
  void aSaveBetweenStepsThatFailsIsReportedAndTheNextOneIsMade() {
    full.add(adapters);
    var saves = saves();
    saves.between(5);
    assertEquals(
        List.of(
            "hf_save_path: the adapter could not be saved after step 5 (No space left on device)."
                + " Training goes on.",
            "Saved the merged model to " + merged.resolve("step-5")),
        messages);
    full.clear();
    saves.between(10);
    assertTrue(Files.exists(adapters.resolve("step-10")));
  }

  @Test
  void whatCannotBeBroughtAwayIsKeptAndTriedAgain() {
    var fake = new FakeRemote(adapters);
    remote = fake;
    fake.fails(true);
    var saves = saves();
    saves.between(5);
    assertEquals(
        "hf_save_path: the adapter is kept here only: there: cannot be written (the network is"
            + " down). It is tried again.",
        messages.getFirst());
    assertTrue(Files.exists(adapters.resolve("step-5")));
    var e = assertThrows(TrainException.class, () -> saves.last(10, null));
    assertTrue(
        sentence(e).contains("It is kept in " + adapters.resolve("step-5").toUri()), sentence(e));
    fake.fails(false);
    saves.publish();
    assertEquals(List.of("step-10", "step-5"), fake.names());
    assertFalse(Files.exists(adapters.resolve("step-5")), "it no longer takes room here");
    assertTrue(Files.exists(merged.resolve("step-5")));
    assertEquals("Saved the adapter to " + adapters.resolve("step-10"), messages.getLast());
  }

  @Test
  void whatCannotBeSavedInItsPlaceAtTheEndIsSavedInTheRunsFolder() throws IOException {
    full.addAll(List.of(adapters, merged));
    var e = assertThrows(TrainException.class, () -> saves().last(20, null));
    assertEquals(
        "hf_save_path: the adapter could not be saved in %s (No space left on device). The adapter is in %s."
            .formatted(adapters.resolve("step-20"), run.resolve("adapter-step-20")),
        sentence(e));
    assertEquals("adapter", Files.readString(run.resolve("adapter-step-20/what")));
  }

  @Test
  void whereTheRunsFolderIsFullTooTheTemporaryFolderIsTried() {
    full.addAll(List.of(adapters, merged, run));
    var e = assertThrows(TrainException.class, () -> saves().last(20, null));
    assertTrue(sentence(e).endsWith("in " + temporary.resolve("adapter-step-20") + "."));
  }

  @Test
  void whereNoPlaceIsLeftThatIsSaid() {
    full.addAll(List.of(adapters, merged, run, temporary));
    var e = assertThrows(TrainException.class, () -> saves().last(20, null));
    assertTrue(sentence(e).endsWith("what was trained is lost."), sentence(e));
  }

  @Test
  void whereOnlyTheMergedModelIsMissingTheAdapterIsNamed() {
    full.add(merged);
    var e = assertThrows(TrainException.class, () -> saves().last(20, null));
    assertEquals(
        "merged_hf_save_path: the merged model could not be saved in %s (No space left on device). The adapter is in %s."
            .formatted(merged.resolve("step-20"), adapters.resolve("step-20")),
        sentence(e));
    assertFalse(Files.exists(run));
  }

  @Test
  void theRoomOfTheLastSaveIsNotTakenByOneBefore() {
    free = 2 * (ADAPTER_BYTES + MODEL_BYTES) - 1;
    saves().between(5);
    assertEquals(
        List.of(
            "No save after step 5. hf_save_path, merged_hf_save_path: 1.97 KiB are free in %s and %s, and the last save needs 1010 B of them."
                .formatted(adapters, merged)),
        messages);
    saves().last(10, null);
    assertTrue(Files.exists(merged.resolve("step-10")));
  }

  @Test
  void whereNotEvenTheLastSaveFitsAnyMoreThatIsSaidAtOnceWithTheBytes() {
    free = MODEL_BYTES;
    full.add(merged);
    var saves = saves();
    saves.between(5);
    assertEquals(
        List.of(
            "No save after step 5. hf_save_path, merged_hf_save_path: 1000 B are free in %s and %s, and the last save takes 1010 B. Free some before the run ends."
                .formatted(adapters, merged)),
        messages);
    free = MODEL_BYTES - 1;
    var e = assertThrows(TrainException.class, () -> saves.last(10, null));
    assertTrue(
        sentence(e).contains("(No space left on device: it takes 1000 B, and 999 B are free)"),
        sentence(e));
  }

  @Test
  void beforeAFailureWhatIsNotSavedYetIsSavedOnce() {
    var saves = saves();
    saves.between(5);
    messages.clear();
    saves.beforeFailure(5);
    assertEquals(List.of(), messages);
    saves.beforeFailure(7);
    assertEquals(List.of("Saved the adapter to " + adapters.resolve("step-7")), messages);
  }

  @Test
  void ofTheSavesBeforeADestroyedStepOnlyWhatIsKnownIsSaid() {
    var saves = saves();
    assertEquals("Nothing was saved before.", saves.account(3));
    saves.between(5);
    saves.loss(5, 2.25);
    assertEquals(
        "The weights of the save step-5 gave a loss of 2.2500 on the next batch.",
        saves.account(9));
    saves.between(10);
    assertEquals(
        "The save step-10 holds these very weights: do not use it. The weights of the save step-5"
            + " gave a loss of 2.2500 on the next batch.",
        saves.account(10));
  }

  @Test
  void aSaveHoldsSpaceOnEachFileSystemAsOftenAsItIsMade() {
    var adapter = new Store("hf_save_path", Kind.ADAPTER, adapters, 3 << 20);
    var model = new Store("merged_hf_save_path", Kind.MERGED, merged, 5L << 30);
    FreeSpace space = target -> Optional.of(new FreeSpace.Room(target, 12L << 30));
    assertEquals(
        List.of(
            "Saves in %s: 3.00 MiB each time, 3 times, 9.00 MiB in all; 12.00 GiB free there."
                .formatted(adapters),
            "Saves in %s: 5.00 GiB each time, 3 times, 15.00 GiB in all; 12.00 GiB free there. Not all of them fit: those that would leave no room for the last are left out. Raise hf_save_steps, or free some space."
                .formatted(merged)),
        SaveSpace.of(List.of(adapter, model), 3, RemoteFiles.NONE, space).lines());
    FreeSpace one = _ -> Optional.of(new FreeSpace.Room("disk", 5L << 30));
    var both = SaveSpace.of(List.of(adapter, model), 1, RemoteFiles.NONE, one);
    assertEquals(1, both.lines().size());
    var e = assertThrows(TrainException.class, both::check);
    assertEquals(
        "hf_save_path, merged_hf_save_path: a save takes 5.00 GiB, and 5.00 GiB are free in %s and %s. Free some space, or save elsewhere."
            .formatted(adapters, merged),
        sentence(e));
  }

  @Test
  void whereTheFreeSpaceIsUnknownNothingIsRefused() {
    var model = new Store("merged_hf_save_path", Kind.MERGED, merged, Long.MAX_VALUE / 4);
    var unknown = SaveSpace.of(List.of(model), 2, RemoteFiles.NONE, _ -> Optional.empty());
    unknown.check();
    assertEquals(List.of(), unknown.lines());
    assertEquals(Optional.empty(), unknown.refusalBeforeLast());
  }
}
