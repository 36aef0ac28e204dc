package deploytest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
)

// Both templates describe the same deployment: the same resources with the same properties, for several sets of
// parameters. Terraform's resources are read as CloudFormation's, property by property; what the comparison does not know
// is an error. What differs on purpose stands in exceptions.

// logical is CloudFormation's logical id for a resource of Terraform. Parts of one resource have the same.
var logical = map[string]string{
	"aws_kms_key.key":                  "Key",
	"aws_kms_alias.key":                "KeyAlias",
	"aws_sns_topic.topic":              "Topic",
	"aws_sns_topic_subscription.email": "EmailSubscription",

	"aws_cloudwatch_event_rule.rule":   "Rule",
	"aws_cloudwatch_event_target.rule": "Rule",
	"aws_sqs_queue.dead_letter":        "DeadLetterQueue",
	"aws_sqs_queue_policy.dead_letter": "DeadLetterQueuePolicy",

	"aws_sfn_state_machine.state_machine":    "StateMachine",
	"aws_lambda_function.function":           "Function",
	"aws_cloudwatch_log_group.state_machine": "StateMachineLog",
	"aws_cloudwatch_log_group.function":      "FunctionLog",

	"aws_iam_role.rule":                 "RuleRole",
	"aws_iam_role_policy.rule":          "RuleRole",
	"aws_iam_role.state_machine":        "StateMachineRole",
	"aws_iam_role_policy.state_machine": "StateMachineRole",
	"aws_iam_role.function":             "FunctionRole",
	"aws_iam_role_policy.function":      "FunctionRole",
	"aws_iam_policy.function":           "FunctionPolicy",

	"aws_iam_role_policy_attachment.function": "FunctionRole",

	"aws_iam_role.quarantine":             "QuarantineRole",
	"aws_iam_role_policy.quarantine":      "QuarantineRole",
	"aws_iam_instance_profile.quarantine": "QuarantineProfile",

	"aws_dynamodb_table.table":                                    "Table",
	"aws_s3_bucket.evidence":                                      "EvidenceBucket",
	"aws_s3_bucket_versioning.evidence":                           "EvidenceBucket",
	"aws_s3_bucket_public_access_block.evidence":                  "EvidenceBucket",
	"aws_s3_bucket_ownership_controls.evidence":                   "EvidenceBucket",
	"aws_s3_bucket_server_side_encryption_configuration.evidence": "EvidenceBucket",
	"aws_s3_bucket_lifecycle_configuration.evidence":              "EvidenceBucket",
	"aws_s3_bucket_object_lock_configuration.evidence":            "EvidenceBucket",
	"aws_s3_bucket_policy.evidence":                               "EvidenceBucketPolicy",

	"aws_cloudwatch_dashboard.dashboard": "Dashboard",

	"aws_iam_role.member":        "MemberRole",
	"aws_iam_role_policy.member": "MemberRole",
}

// exceptions are the properties that only one of the two has, and why.
var exceptions = map[string]string{
	"EvidenceBucket.BucketName":               "CloudFormation makes a name up, so that a new stack does not meet what an old one left; Terraform imports it",
	"Table.TableName":                         "as with the bucket",
	"EvidenceBucket.(emptied with the stack)": "CloudFormation never empties a bucket",
	"QuarantineProfile.Tags":                  "CloudFormation's instance profiles have none",
	"Function.CodeUri":                        "sam build makes the zip, make lambda makes it for Terraform",
	"Function.(hash)":                         "sam deploy names the zip after its content",
}

// instance is the part of an address that for_each or count added.
var instance = regexp.MustCompile(`\["?([^"\]]*)"?\]$`)

// id is the logical id of a planned resource; the alarms have theirs as key.
func id(address string) string {
	m := instance.FindStringSubmatch(address)
	if strings.HasPrefix(address, "aws_cloudwatch_metric_alarm.alarm[") {
		return m[1]
	}
	return logical[instance.ReplaceAllString(address, "")]
}

// fromSAM gives the stack's resources by logical id in the canonical shape, each with its type. definition is the state
// machine's, with its placeholders.
func fromSAM(stack *Stack, definition string) map[string]any {
	out := map[string]any{}
	for id, r := range stack.Resources {
		out[id] = shapeOf(r, definition)
	}
	return out
}

func shapeOf(r Resource, definition string) map[string]any {
	properties := maps.Clone(r.Properties)
	if substitutions, ok := properties["DefinitionSubstitutions"]; ok {
		filled := definition
		for name, value := range object(substitutions) {
			filled = strings.ReplaceAll(filled, "${"+name+"}", text(value))
		}
		properties["Definition"] = filled
		delete(properties, "DefinitionSubstitutions")
		delete(properties, "DefinitionUri")
	}
	if lock := object(properties["ObjectLockConfiguration"]); len(lock) == 1 && lock["ObjectLockEnabled"] == "Enabled" {
		delete(properties, "ObjectLockConfiguration") // ObjectLockEnabled says it
	}
	shape := canonicalMap(properties, samNames())
	shape["(type)"] = r.Type
	return shape
}

// fromTerraform gives the plan's resources in the same way, and what cannot be read so.
func fromTerraform(plan Plan) (resources map[string]any, problems []string) {
	names := plan.names()
	resources = map[string]any{}
	for _, address := range slices.Sorted(maps.Keys(plan.Resources)) {
		r := plan.Resources[address]
		t, ok := translate[r.Type]
		id := id(address)
		if !ok || id == "" {
			problems = append(problems, address+": is in Terraform, and the comparison does not know it")
			continue
		}
		values := configured(r)
		shape := object(canonical(t.read(values), names))
		shape["(type)"] = t.cfn
		problems = append(problems, values.unread()...)
		whole, ok := resources[id].(map[string]any)
		if !ok {
			resources[id] = shape
			continue
		}
		for property, value := range shape {
			if other, twice := whole[property]; twice && len(differences("", other, value)) > 0 {
				problems = append(problems, fmt.Sprintf("%s: %s is %s here, %s elsewhere", address, property, show(value), show(other)))
			}
			whole[property] = value
		}
	}
	return resources, problems
}

// samNames and names put the same in place of the names that AWS or CloudFormation makes up.
func samNames() *strings.Replacer {
	return strings.NewReplacer(
		StackName+"-Key", "<Key>", StackName+"-Table", "<Table>", strings.ToLower(StackName+"-EvidenceBucket"), "<EvidenceBucket>",
	)
}

func (p Plan) names() *strings.Replacer {
	key := text(p.Resources["aws_kms_key.key"].Values["key_id"])
	table := text(p.Resources["aws_dynamodb_table.table"].Values["name"])
	bucket := text(p.Resources["aws_s3_bucket.evidence"].Values["bucket"])
	return strings.NewReplacer(known(key, "<Key>"), "<Key>", known(table, "<Table>"), "<Table>", known(bucket, "<EvidenceBucket>"), "<EvidenceBucket>")
}

// known is name, or otherwise where there is none, because a replacer takes no empty text.
func known(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// staleExceptions lists the exceptions of which both templates say the same, or nothing.
func staleExceptions(stack *Stack, plan Plan) (out []string) {
	sam := fromSAM(stack, "")
	tf, _ := fromTerraform(plan)
	for path := range exceptions {
		id, property, _ := strings.Cut(path, ".")
		if len(differences("", object(sam[id])[property], object(tf[id])[property])) == 0 {
			out = append(out, path+": is an exception no more")
		}
	}
	return out
}

// compare lists what differs between the two.
func compare(stack *Stack, definition string, plan Plan) []string {
	tf, problems := fromTerraform(plan)
	return append(problems, compareShapes(fromSAM(stack, definition), tf)...)
}

func compareShapes(sam, tf map[string]any) (out []string) {
	for _, id := range keys(sam, tf) {
		a, b := object(sam[id]), object(tf[id])
		switch {
		case len(a) == 0:
			out = append(out, id+": is in Terraform alone")
			continue
		case len(b) == 0:
			out = append(out, id+": is in SAM alone")
			continue
		}
		for _, property := range keys(a, b) {
			path := id + "." + property
			_, tie := a[property]
			tie = !tie && strings.HasPrefix(property, "(") && exceptions[path] == "" // checked among Terraform's own
			if exceptions[path] == "" && !tie {
				out = append(out, differences(path, a[property], b[property])...)
			}
		}
	}
	return out
}

func compareOutputs(stack *Stack, plan Plan) []string {
	tf := map[string]any{}
	for name, v := range plan.Outputs {
		tf[camel(name)] = v
	}
	return differences("output", canonical(stack.Outputs, samNames()), canonical(tf, plan.names()))
}

// parameterSets are what the templates are compared for: nothing given, everything given, and what is left.
var parameterSets = []struct {
	name string
	sam  map[string]string
	tf   map[string]any
}{
	{name: "defaults"},
	{
		name: "everything",
		sam: map[string]string{
			"Name": "soc", "MinSeverity": "7.5", "FindingTypes": "Backdoor:EC2/C&CActivity.B!DNS,Recon:EC2/PortProbeUnprotectedPort",
			"NotificationEmail": "soc@example.com", "SlackWebhookSecretArn": slackSecret, "JiraUrl": "https://example.atlassian.net",
			"JiraProject": "SEC", "JiraType": "Security Incident", "JiraUser": "bot@example.com", "JiraTokenSecretArn": jiraSecret,
			"SecurityHub": "true", "LiveResponse": "true", "LiveResponseSeconds": "120", "CutEstablished": "false",
			"RevokeSharedRoles": "true", "BlockRemoteIps": "true", "ProtectedIdentities": "break-glass-*,admin", "DisableAllKeys": "true",
			"ContainSourceBuckets": "true", "SuppressDays": "0", "MemberRoleName": "security/cordon-member", "MemberExternalId": "cordon-1",
			"ConfigOverride": "ec2: {live_response: {commands: [uname -a]}}", "EvidenceRetentionDays": "30", "ObjectLockDays": "14",
			"LogRetentionDays": "365", "Architecture": "x86_64",
		},
		tf: map[string]any{
			"name": "soc", "min_severity": 7.5, "finding_types": []string{"Backdoor:EC2/C&CActivity.B!DNS", "Recon:EC2/PortProbeUnprotectedPort"},
			"notification_email": "soc@example.com", "slack_webhook_secret_arn": slackSecret, "jira_url": "https://example.atlassian.net",
			"jira_project": "SEC", "jira_type": "Security Incident", "jira_user": "bot@example.com", "jira_token_secret_arn": jiraSecret,
			"security_hub": true, "live_response": true, "live_response_seconds": 120, "cut_established": false,
			"revoke_shared_roles": true, "block_remote_ips": true, "protected_identities": []string{"break-glass-*", "admin"}, "disable_all_keys": true,
			"contain_source_buckets": true, "suppress_days": 0, "member_role_name": "security/cordon-member", "member_external_id": "cordon-1",
			"config_override": "ec2: {live_response: {commands: [uname -a]}}", "evidence_retention_days": 30, "object_lock_days": 14,
			"log_retention_days": 365, "architecture": "x86_64",
		},
	},
	{
		name: "Jira Data Center, evidence for ever",
		sam: map[string]string{
			"JiraUrl": "https://jira.example.com/context", "JiraProject": "SEC", "JiraTokenSecretArn": jiraSecret, "EvidenceRetentionDays": "0",
			"MemberRoleName": "cordon-member", "FindingTypes": "Recon:EC2/PortProbeUnprotectedPort", "SecurityHub": "true",
		},
		tf: map[string]any{
			"jira_url": "https://jira.example.com/context", "jira_project": "SEC", "jira_token_secret_arn": jiraSecret, "evidence_retention_days": 0,
			"member_role_name": "cordon-member", "finding_types": []string{"Recon:EC2/PortProbeUnprotectedPort"}, "security_hub": true,
		},
	},
}

// machine is the state machine's definition with its placeholders.
func machine(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(File(t, "deploy/cordon.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBothTemplates(t *testing.T) {
	tf := NewTerraform(t)
	tests := map[string]func(*testing.T, *Terraform){
		"agree": templatesAgree, "keep the same": keptAgrees, "members agree": memberTemplatesAgree, "parameters agree": parametersAgree,
		"a change in one shows": differencesShow, "the environment fits": environmentFits,
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) { tests[name](t, tf) })
	}
}

func templatesAgree(t *testing.T, tf *Terraform) {
	for _, set := range parameterSets {
		t.Run(set.name, func(t *testing.T) {
			stack, err := LoadFor(t, set.sam).Evaluate(set.sam)
			if err != nil {
				t.Fatal(err)
			}
			plan := planHub(t, tf, set.tf)
			found := append(compare(stack, machine(t), plan), compareOutputs(stack, plan)...)
			for _, d := range append(found, staleExceptions(stack, plan)...) {
				t.Error(d)
			}
			if diff := cmp.Diff(cordon(t, samEnvironment(stack)), cordon(t, terraformEnvironment(plan))); diff != "" {
				t.Errorf("cordon.yaml (-SAM +Terraform):\n%s", diff)
			}
		})
	}
}

func samEnvironment(stack *Stack) map[string]any {
	return object(object(stack.Resources["Function"].Properties["Environment"])["Variables"])
}

func terraformEnvironment(plan Plan) map[string]any {
	return object(newReader("", plan.Resources["aws_lambda_function.function"].Values).block("environment").get("variables"))
}

// cordon is what the function makes of its environment, less the names that CloudFormation makes up.
func cordon(t *testing.T, environment map[string]any) config.Config {
	t.Helper()
	c := config.Default("/state")
	for _, name := range []string{"CORDON_CONFIG", "CORDON_CONFIG_OVERRIDE"} {
		var err error
		if c, err = config.Parse(name, []byte(text(environment[name])), c); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(c.Store, "dynamodb://") || !strings.HasPrefix(c.Vault, "s3://") {
		t.Errorf("store %s, vault %s", c.Store, c.Vault)
	}
	c.Store, c.Vault = "", ""
	return c
}

// keptAgrees: what CloudFormation retains, Terraform prevents from being destroyed (a bucket's policy goes with it).
func keptAgrees(t *testing.T, tf *Terraform) {
	protected := map[string]bool{"EvidenceBucketPolicy": true}
	for _, address := range tf.protected(t) {
		protected[id(address)] = true
	}
	retained := map[string]bool{}
	for id, r := range LoadSAM(t).Resources() {
		if strings.HasPrefix(r.DeletionPolicy, "Retain") && r.UpdateReplacePolicy == "Retain" {
			retained[id] = true
		}
	}
	if diff := cmp.Diff(retained, protected); diff != "" {
		t.Errorf("what outlives the deployment (-SAM +Terraform):\n%s", diff)
	}
}

func memberTemplatesAgree(t *testing.T, tf *Terraform) {
	for externalID, operator := range map[string]string{"": "", "cordon-1": "arn:aws:iam::444455556666:role/security/responder"} {
		t.Run("external id "+externalID, func(t *testing.T) {
			stack, err := LoadMember(t).Evaluate(map[string]string{
				"HubAccount": "444455556666", "HubName": "soc", "ExternalId": externalID, "OperatorRoleArn": operator,
				"BlockRemoteIps": strconv.FormatBool(externalID != ""),
			})
			if err != nil {
				t.Fatal(err)
			}
			plan := tf.Plan(t, initialised(t, tf, "member"), map[string]any{
				"hub_account": "444455556666", "hub_name": "soc", "external_id": externalID, "operator_role_arn": operator,
				"block_remote_ips": externalID != "",
			})
			for _, d := range append(compare(stack, "", plan), compareOutputs(stack, plan)...) {
				t.Error(d)
			}
		})
	}
}

func initialised(t *testing.T, tf *Terraform, folder string) string {
	t.Helper()
	dir := filepath.Join(tf.Dir, folder)
	tf.Must(t, dir, "init", "-no-color")
	return dir
}
