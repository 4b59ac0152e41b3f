package org.bayu.train.files;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShellTextTest {
  @Test
  void whatAShellWouldReadOtherwiseIsQuoted() {
    assertEquals(
        "bayu train --data=a/b.jsonl '--x=[{every: 3}]' 'my file' 'it'\\''s' ''",
        ShellText.command(
            "bayu",
            List.of("train", "--data=a/b.jsonl", "--x=[{every: 3}]", "my file", "it's", "")));
  }
}
