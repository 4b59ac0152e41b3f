package org.bayu.llama;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Which packages of this module may know which. */
class ArchitectureTest {
  @Test
  void theModelAndTheTokenizerKnowNeitherFoldersNorGeneration() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("model")
        .definedBy("org.bayu.llama")
        .layer("tokenizer")
        .definedBy("org.bayu.llama.tokenizer")
        .layer("generate")
        .definedBy("org.bayu.llama.generate")
        .layer("hf")
        .definedBy("org.bayu.llama.hf")
        .whereLayer("model")
        .mayNotAccessAnyLayer()
        .whereLayer("tokenizer")
        .mayNotAccessAnyLayer()
        .whereLayer("generate")
        .mayOnlyAccessLayers("model")
        .whereLayer("hf")
        .mayOnlyAccessLayers("model", "tokenizer")
        .ensureAllClassesAreContainedInArchitecture()
        .check(new ClassFileImporter().importPath(Path.of("target", "classes")));
  }
}
