"""What every program's HTTP side shares: problems, API keys with scopes, the application, health and metrics."""

from shared.http.application import application as application
from shared.http.keys import Key as Key
from shared.http.keys import KeyName as KeyName
from shared.http.keys import Keys as Keys
from shared.http.keys import Scope as Scope
from shared.http.keys import needs as needs
from shared.http.keys import new_key as new_key
from shared.http.keys import read_keys as read_keys
from shared.http.part import Check as Check
from shared.http.part import Direct as Direct
from shared.http.part import Part as Part
from shared.http.problems import PROBLEM as PROBLEM
from shared.http.problems import Fault as Fault
from shared.http.problems import Problem as Problem
from shared.http.problems import json as json
