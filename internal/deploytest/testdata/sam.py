"""Translates a SAM template to plain CloudFormation, as AWS does it: JSON in, JSON out."""
import json
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

session = boto3.session.Session(region_name="us-east-1")
plain = Translator({}, Parser(), boto_session=session).translate(json.load(sys.stdin), {})
json.dump(plain, sys.stdout)
