package main

import (
	"reflect"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// What the values of cordon.yaml may be, beyond their kind. A test holds all of it against what config.Parse takes.

// oneOf is one of a list of words.
func oneOf[T ~string](words []T) node {
	all := make([]any, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return node{"type": "string", "enum": all}
}

var severityBound = node{"type": []any{"number", "null"}, "minimum": 0, "maximum": 10}

// bounds has min, max, or both.
func bounds(of node) node {
	some := []node{}
	for _, key := range []string{"min", "max"} {
		some = append(some, node{"required": []string{key}, "properties": node{key: node{"not": node{"type": "null"}}}})
	}
	return node{
		"type": "object", "additionalProperties": false, "anyOf": some,
		"properties": node{"min": merged(of, node{"description": "at least"}), "max": merged(of, node{"description": "at most"})},
	}
}

// steps are the steps of the playbooks; those that always run may only be written as they are.
func steps() node {
	properties := node{}
	for _, id := range config.Switchable() {
		properties[id] = node{"type": "boolean"}
	}
	for _, id := range config.Fixed() {
		properties[id] = node{"const": true}
	}
	return node{"type": "object", "additionalProperties": false, "properties": properties}
}

// text is what is taken for a text: a whole number is one too, as it stands there.
var text = []any{"string", "integer"}

var account = node{"type": text, "pattern": `^([0-9]{12})?$`, "minimum": 100000000000, "maximum": 999999999999}

// special has the types whose form in YAML is another than in Go.
var special = map[reflect.Type]node{
	reflect.TypeFor[config.Builtin]():   oneOf(config.Builtins()),
	reflect.TypeFor[config.Then]():      oneOf(config.Thens()),
	reflect.TypeFor[config.Role]():      oneOf(config.Roles()),
	reflect.TypeFor[config.Day]():       oneOf(config.Days()),
	reflect.TypeFor[config.OnTimeout](): oneOf(config.OnTimeouts()),
	reflect.TypeFor[config.Weight]():    oneOf(config.Weights()),
	reflect.TypeFor[notify.Event]():     oneOf(notify.Events()),
	reflect.TypeFor[config.OnDrift]():   oneOf(config.OnDrifts()),
	reflect.TypeFor[config.Duration]():  {"type": "string", "pattern": "^([0-9]{1,9}[smhd])+$"},
	reflect.TypeFor[config.Clock]():     {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
	reflect.TypeFor[config.Date]():      {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
	reflect.TypeFor[config.Globs]():     {"type": "array", "minItems": 1, "items": node{"type": text, "minLength": 1}},
	reflect.TypeFor[config.Tags](): {
		"type": "object", "minProperties": 1, "additionalProperties": node{"type": text},
		"propertyNames": node{"minLength": 1, "maxLength": 128},
	},
	reflect.TypeFor[config.Severity](): {"oneOf": []node{
		oneOf(config.Bands()), {"type": "array", "minItems": 1, "items": oneOf(config.Bands())}, bounds(severityBound),
	}},
	reflect.TypeFor[config.Count](): bounds(node{"type": []any{"integer", "null"}, "minimum": 1}),
	reflect.TypeFor[config.Age]():   bounds(node{"type": []any{"string", "null"}, "pattern": "^([0-9]{1,9}[smhd])+$"}),
	reflect.TypeFor[notify.SecretRef](): {
		"type": "string", "pattern": `^(env:[^=:/ ]+|file:.+|secretsmanager:arn:[^:]+:secretsmanager:[a-z]{2,}(-[a-z]+)+-[0-9]+:[^:]*:secret:.*)$`,
	},
}

// address is HOST:PORT, local what only this machine can reach.
const (
	address = `^([0-9.]+|localhost|\[[0-9A-Fa-f:.]+\])?:[0-9]{1,5}$`
	local   = `^(127\.[0-9.]+|localhost|\[::1\]):`
)

// limits are what the fields may hold, by type and key; "required" says that the key has to be there.
var limits = map[string]node{
	"Accounts.own":                account,
	"Accounts.role":               {"pattern": `^(([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64})?$`},
	"Accounts.external_id":        {"pattern": `^([A-Za-z0-9_+=,.@:/-]{2}[A-Za-z0-9_+=,.@:/-]*)?$`, "maxLength": 1224},
	"Accounts.session_name":       {"pattern": `^[A-Za-z0-9_+=,.@-]{2,64}$`},
	"EC2.quarantine_profile":      {"pattern": `^(arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/[A-Za-z0-9_+=,.@/-]+)?$`},
	"EC2.never_block":             {"items": node{"pattern": `^[0-9a-fA-F.:]{2,}(/[0-9]{1,3})?$`}},
	"LiveResponse.channel":        {"enum": []any{"", config.ChannelHTTPS}},
	"LiveResponse.seconds":        {"minimum": 1, "maximum": 3600},
	"Memory.seconds":              {"minimum": 60, "maximum": 21600},
	"Memory.max_gib":              {"minimum": 1, "maximum": 1024},
	"MemoryTool.tool":             {"pattern": config.MemoryToolURI},
	"MemoryTool.sha256":           {"pattern": config.MemoryToolSHA256},
	"MemoryTool.arguments":        {"items": node{"pattern": config.MemoryToolArgument}},
	"IAM.protected":               {"items": node{"minLength": 1}},
	"FalsePositive.suppress_days": {"minimum": 0, "maximum": 365},
	"GroupShare.percent":          {"minimum": 0, "maximum": 100},
	"RoleUsers.more_than":         {"minimum": 0},
	"SNSConfig.topic":             {"required": true, "pattern": `^arn:[^:]+:sns:[a-z]{2,}(-[a-z]+)+-[0-9]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`},
	"SlackConfig.webhook":         {"required": true},
	"JiraConfig.url":              {"required": true, "pattern": `^(https://[^/?#@]+|http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?)(/[^?#]*)?$`},
	"JiraConfig.project":          {"required": true, "pattern": `^[A-Za-z][A-Za-z0-9_]*$`},
	"JiraConfig.token":            {"required": true},
	"JiraConfig.user":             {"pattern": `^[^:\r\n]*$`},
	"JiraConfig.api":              {"enum": []any{"", "2", "3", 2, 3}},
	"JiraConfig.priority":         {"propertyNames": node{"enum": []any{"critical", "high", "medium", "low"}}},
	"Rule.name":                   {"required": true, "pattern": config.RuleName},
	"Rule.match":                  {"required": true},
	"Rule.then":                   {"required": true},
	"Rule.steps":                  steps(),
	"Match.kinds":                 {"items": oneOf(finding.Kinds())},
	"Match.accounts":              {"items": node{"pattern": `^[0-9*?]{1,12}$`, "minimum": 0, "maximum": 999999999999}},
	"Exemption.account":           account,
	"Exemption.reason":            {"required": true, "minLength": 1},
	"Policy.exempt_tag":           {"maxLength": 128},
	"Limits.total":                {"minimum": 1},
	"Limits.account":              {"minimum": 1},
	"Limits.application":          {"minimum": 1},
	"Limits.application_tag":      {"minLength": 1, "maxLength": 128},
	"Approval.approvers":          {"items": node{"pattern": config.ApproverARN}},
	"Approval.people":             {"minimum": 1, "maximum": 2},
	"TLS.certificate":             {"pattern": "^(/.+)?$"},
	"TLS.key":                     {"pattern": "^(/.+)?$"},
	"Serve.queue":                 {"pattern": "^$|" + config.QueuePattern},
	"Serve.listen":                {"pattern": "^$|" + address},
	"Serve.health":                {"pattern": address},
	"Serve.workers":               {"minimum": 1, "maximum": 256},
	"Serve.api_key_header":        {"pattern": config.HeaderPattern},
}

// conditions are what holds between the keys of a type.
var conditions = map[reflect.Type]node{
	reflect.TypeFor[config.Accounts](): {
		"if":   given("external_id", "minLength"),
		"then": given("role", "minLength"),
	},
	reflect.TypeFor[config.Rule](): {
		"if":   node{"required": []string{"then"}, "properties": node{"then": node{"enum": []any{"observe", "ignore"}}}},
		"then": node{"properties": node{"steps": node{"maxProperties": 0}}},
	},
	reflect.TypeFor[config.Exemption](): {"anyOf": []node{given("id", "minLength"), given("account", "minLength"), given("tags", "minProperties")}},
	reflect.TypeFor[config.Hours](): {
		"anyOf": []node{given("days", "minItems"), given("from", "minLength")},
		"oneOf": []node{
			{"required": []string{"from", "to"}, "properties": node{"from": node{"type": "string"}, "to": node{"type": "string"}}},
			{"properties": node{"from": node{"type": "null"}, "to": node{"type": "null"}}},
		},
	},
	reflect.TypeFor[config.TLS](): {
		"dependentRequired": node{"certificate": []string{"key"}, "key": []string{"certificate"}},
	},
	reflect.TypeFor[config.Serve](): {
		"if": given("listen", "minLength"),
		"then": node{"allOf": []node{
			given("api_key", "minLength"),
			{"anyOf": []node{
				{"properties": node{"listen": node{"pattern": local}}},
				{"required": []string{"tls"}, "properties": node{"tls": node{"type": "object", "minProperties": 1}}},
			}},
		}},
		"else": node{"not": node{"anyOf": []node{given("api_key", "minLength"), given("tls", "minProperties")}}},
	},
	reflect.TypeFor[config.EC2](): {
		"if": node{
			"required":   []string{"live_response"},
			"properties": node{"live_response": node{"type": "object", "required": []string{"channel"}, "properties": node{"channel": node{"const": config.ChannelHTTPS}}}},
		},
		"then": given("quarantine_profile", "minLength"),
	},
}

// given wants a key with something in it.
func given(key, least string) node {
	return node{"required": []string{key}, "properties": node{key: node{"not": node{"type": "null"}, least: 1}}}
}
