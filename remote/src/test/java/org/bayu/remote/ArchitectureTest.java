package org.bayu.remote;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The Hub and buckets know nothing of each other; the door to both stands above them. */
class ArchitectureTest {
  @Test
  void packagesKnowOnlyThoseBelowThem() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("org.bayu.remote..")
        .layer("hub")
        .definedBy("org.bayu.remote.hub")
        .layer("bucket")
        .definedBy("org.bayu.remote.bucket")
        .layer("files")
        .definedBy("org.bayu.remote.files")
        .whereLayer("hub")
        .mayNotAccessAnyLayer()
        .whereLayer("bucket")
        .mayNotAccessAnyLayer()
        .whereLayer("files")
        .mayOnlyAccessLayers("hub", "bucket")
        .ensureAllClassesAreContainedInArchitecture()
        .check(new ClassFileImporter().importPath(Path.of("target", "classes")));
  }
}
