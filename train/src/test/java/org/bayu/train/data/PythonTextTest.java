package org.bayu.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;

class PythonTextTest {
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  void valuesArePrintedAsPythonsFormatDoes() throws IOException, BadRowException {
    // Left JSON, right what str.format gives for json.loads of it in Python 3.
    var expected = new LinkedHashMap<String, String>();
    expected.put("\"a\\n{b}\"", "a\n{b}");
    expected.put("0", "0");
    expected.put("-7", "-7");
    expected.put("123456789012345678901234567890", "123456789012345678901234567890");
    expected.put("1.0", "1.0");
    expected.put("-0.0", "-0.0");
    expected.put("1e3", "1000.0");
    expected.put("0.1", "0.1");
    expected.put("1.50", "1.5");
    expected.put("123456789.125", "123456789.125");
    expected.put("0.0001", "0.0001");
    expected.put("0.00001", "1e-05");
    expected.put("1.5e-7", "1.5e-07");
    expected.put("1e15", "1000000000000000.0");
    expected.put("9999999999999998.0", "9999999999999998.0");
    expected.put("1e16", "1e+16");
    expected.put("1.25e22", "1.25e+22");
    expected.put("1e100", "1e+100");
    expected.put("5e-324", "5e-324");
    expected.put("2.2250738585072014e-308", "2.2250738585072014e-308");
    expected.put("2e-323", "2e-323");
    expected.put("1.7976931348623157e308", "1.7976931348623157e+308");
    expected.put("2e23", "2e+23");
    expected.put("0.30000000000000004", "0.30000000000000004");
    expected.put("1e999", "inf");
    expected.put("true", "True");
    expected.put("false", "False");
    expected.put("null", "None");
    for (var json : expected.keySet()) {
      assertEquals(expected.get(json), PythonText.of("x", JSON.readTree(json)), json);
    }
  }
}
