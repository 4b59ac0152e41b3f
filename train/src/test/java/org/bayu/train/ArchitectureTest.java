package org.bayu.train;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Which packages of this module may know which: the loop none, the door all. */
class ArchitectureTest {
  @Test
  void packagesKnowOnlyThoseBelowThem() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("org.bayu.train..")
        .layer("loop")
        .definedBy("org.bayu.train")
        .layer("files")
        .definedBy("org.bayu.train.files")
        .layer("data")
        .definedBy("org.bayu.train.data")
        .layer("plan")
        .definedBy("org.bayu.train.plan")
        .layer("checkpoint")
        .definedBy("org.bayu.train.checkpoint")
        .layer("track")
        .definedBy("org.bayu.train.track")
        .layer("tensorboard")
        .definedBy("org.bayu.train.track.tensorboard")
        .layer("report")
        .definedBy("org.bayu.train.track.report")
        .layer("wandb")
        .definedBy("org.bayu.train.track.wandb")
        .layer("finetune")
        .definedBy("org.bayu.train.finetune")
        .whereLayer("loop")
        .mayNotAccessAnyLayer()
        .whereLayer("files")
        .mayOnlyAccessLayers("loop")
        .whereLayer("plan")
        .mayOnlyAccessLayers("loop")
        .whereLayer("data")
        .mayOnlyAccessLayers("loop", "files")
        .whereLayer("checkpoint")
        .mayOnlyAccessLayers("loop", "files")
        .whereLayer("track")
        .mayOnlyAccessLayers("loop", "files")
        .whereLayer("tensorboard")
        .mayOnlyAccessLayers("track")
        .whereLayer("report")
        .mayOnlyAccessLayers("track", "files")
        .whereLayer("wandb")
        .mayOnlyAccessLayers("track", "files")
        .whereLayer("finetune")
        .mayNotBeAccessedByAnyLayer()
        .ensureAllClassesAreContainedInArchitecture()
        .check(new ClassFileImporter().importPath(Path.of("target", "classes")));
  }
}
