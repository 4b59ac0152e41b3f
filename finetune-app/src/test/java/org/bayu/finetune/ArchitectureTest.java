package org.bayu.finetune;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Which packages of this module may know which: errors none, the launcher all. */
class ArchitectureTest {
  @Test
  void packagesKnowOnlyThoseBelowThem() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("org.bayu.finetune..")
        .layer("main")
        .definedBy("org.bayu.finetune")
        .layer("launcher")
        .definedBy("org.bayu.finetune.launcher")
        .layer("command")
        .definedBy("org.bayu.finetune.command")
        .layer("model")
        .definedBy("org.bayu.finetune.model")
        .layer("run")
        .definedBy("org.bayu.finetune.run")
        .layer("config")
        .definedBy("org.bayu.finetune.config")
        .layer("data")
        .definedBy("org.bayu.finetune.data")
        .layer("grammar")
        .definedBy("org.bayu.finetune.grammar")
        .layer("evaluate")
        .definedBy("org.bayu.finetune.evaluate")
        .layer("demo")
        .definedBy("org.bayu.finetune.demo")
        .layer("sentences")
        .definedBy("org.bayu.finetune.sentences")
        .layer("terminal")
        .definedBy("org.bayu.finetune.terminal")
        .layer("error")
        .definedBy("org.bayu.finetune.error")
        .whereLayer("error")
        .mayNotAccessAnyLayer()
        .whereLayer("terminal")
        .mayNotAccessAnyLayer()
        .whereLayer("sentences")
        .mayNotAccessAnyLayer()
        .whereLayer("launcher")
        .mayOnlyAccessLayers("main")
        .whereLayer("data")
        .mayOnlyAccessLayers("error")
        .whereLayer("grammar")
        .mayOnlyAccessLayers("error")
        .whereLayer("config")
        .mayOnlyAccessLayers("error")
        .whereLayer("run")
        .mayOnlyAccessLayers("config", "data", "error", "model")
        .whereLayer("model")
        .mayOnlyAccessLayers("config", "error", "terminal")
        .whereLayer("evaluate")
        .mayOnlyAccessLayers("data", "error", "grammar", "terminal")
        .whereLayer("demo")
        .mayOnlyAccessLayers("data", "error", "evaluate", "sentences")
        .whereLayer("command")
        .mayOnlyBeAccessedByLayers("main")
        .whereLayer("main")
        .mayOnlyBeAccessedByLayers("launcher")
        .ensureAllClassesAreContainedInArchitecture()
        .check(new ClassFileImporter().importPath(Path.of("target", "classes")));
  }
}
