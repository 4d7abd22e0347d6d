from __future__ import annotations

import dataclasses
import json

from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.rows import MatrixFile, Row, Rule
from tfsetup.matrix.file.schema import schema, schema_text


def test_the_file_beside_the_matrix_is_the_generated_one() -> None:
    text = (environments() / "matrix.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), "write it with: tfsetup matrix show --schema > environments/matrix.schema.json"


def test_every_field_is_in_it_with_what_it_must_look_like() -> None:
    made = schema()
    assert list(made["properties"]) == [field.name for field in dataclasses.fields(MatrixFile)]
    assert list(made["$defs"]["Row"]["properties"]) == [field.name for field in dataclasses.fields(Row)]
    assert list(made["$defs"]["Rule"]["properties"]) == [field.name for field in dataclasses.fields(Rule)]
    assert made["$defs"]["Row"]["additionalProperties"] is False
    assert made["$defs"]["Row"]["properties"]["python"]["pattern"] == "^(?:3\\.[0-9]{1,2})$"
    assert made["$defs"]["Row"]["properties"]["accelerator"]["enum"] == ["cpu", "metal", "cuda", "rocm"]
    assert made["$defs"]["When"]["properties"]["xcode_clt"] == {"type": "boolean"}
    assert made["properties"]["rows"]["items"] == {"$ref": "#/$defs/Row"}
    assert "://" not in json.dumps(made).replace("https://json-schema.org", "")
