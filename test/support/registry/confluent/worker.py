"""Serialises and deserialises with Confluent's Python client: a request a line on stdin, an answer a line on stdout, both JSON."""

import datetime
import decimal
import importlib
import json
import os
import sys
import tempfile
import uuid

from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

RULES = {
    "CEL": ("cel.cel_executor", "CelExecutor"),
    "CEL_FIELD": ("cel.cel_field_executor", "CelFieldExecutor"),
    "JSONATA": ("jsonata.jsonata_executor", "JsonataExecutor"),
    "ENCRYPT": ("encryption.encrypt_executor", "FieldEncryptionExecutor"),
    "ENCRYPT_PAYLOAD": ("encryption.encrypt_executor", "EncryptionExecutor"),
    "local-kms": ("encryption.localkms.local_driver", "LocalKmsDriver"),
}


def load_rules(names):
    for name in names:
        module, kind = RULES[name]
        getattr(importlib.import_module("confluent_kafka.schema_registry.rules." + module), kind).register()


def message_type(files, main, name):
    """The class of a message in .proto texts, compiled by protoc."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w") as file:
                file.write(text)
        out = os.path.join(folder, "out.bin")
        include = os.path.join(os.path.dirname(protoc.__file__), "_proto")
        arguments = ["protoc", "-I" + folder, "-I" + include, "--include_imports", "--descriptor_set_out=" + out, main]
        if protoc.main(arguments) != 0:
            raise ValueError("protoc refuses " + main)
        with open(out, "rb") as file:
            descriptors = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for descriptor in descriptors.file:
        pool.Add(descriptor)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def plain(value):
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (decimal.Decimal, uuid.UUID, datetime.date, datetime.datetime, datetime.time)):
        return str(value)
    return value


def from_plain(value):
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return bytes.fromhex(value["$bytes"])
        return {key: from_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    return value


def schema_of(request):
    if request.get("schema") is None:
        return None
    references = [SchemaReference(**reference) for reference in request.get("references", [])]
    return Schema(request["schema"], request["format"], references)


def serialize(request, client, context):
    conf = {"subject.name.strategy.type": "TOPIC", **request.get("conf", {})}
    framing = request.get("framing", "prefix")
    conf["schema.id.serializer"] = header_schema_id_serializer if framing == "header" else prefix_schema_id_serializer
    rule_conf = request.get("ruleConf")
    schema = schema_of(request)
    value = from_plain(request["value"])
    if request["format"] == "AVRO":
        return AvroSerializer(client, schema, None, conf, rule_conf)(value, context)
    if request["format"] == "JSON":
        return JSONSerializer(schema, client, None, conf, rule_conf)(value, context)
    kind = message_type(request["files"], request["main"], request["message"])
    serializer = ProtobufSerializer(kind, client, conf, rule_conf)
    return serializer(json_format.ParseDict(request["value"], kind()), context)


def deserialize(request, client, context):
    conf = {"subject.name.strategy.type": "TOPIC", **request.get("conf", {})}
    rule_conf = request.get("ruleConf")
    payload = bytes.fromhex(request["payload"])
    schema = schema_of(request)
    if request["format"] == "AVRO":
        return plain(AvroDeserializer(client, schema, None, False, conf, rule_conf)(payload, context))
    if request["format"] == "JSON":
        return plain(JSONDeserializer(schema, None, client, conf, rule_conf)(payload, context))
    kind = message_type(request["files"], request["main"], request["message"])
    message = ProtobufDeserializer(kind, conf, client, rule_conf)(payload, context)
    return json_format.MessageToDict(message)


def answer(request):
    load_rules(request.get("rules", []))
    client = SchemaRegistryClient({"url": request["url"]})
    headers = [(name, bytes.fromhex(value)) for name, value in request.get("headers", [])]
    field = MessageField.KEY if request.get("field") == "key" else MessageField.VALUE
    context = SerializationContext(request["topic"], field, headers)
    if request["op"] == "serialize":
        payload = serialize(request, client, context)
        return {"payload": payload.hex(), "headers": [[name, value.hex()] for name, value in context.headers]}
    return {"value": deserialize(request, client, context)}


def told(error):
    """An error with its causes."""
    text = f"{type(error).__name__}: {error}"
    cause = error.__cause__ or error.__context__
    return text if cause is None else f"{text} <- {told(cause)}"


# What others print must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as error:
        result = {"error": told(error)}
    answers.write(json.dumps(result) + "\n")
    answers.flush()
