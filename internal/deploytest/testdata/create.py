"""Creates a stack on an emulator of AWS and says what is there then: JSON in, JSON out."""
import json
import sys

import boto3

want = json.load(sys.stdin)


def client(service):
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=want["endpoint"],
        aws_access_key_id="AKIAMOTO", aws_secret_access_key="moto",
    )


s3, cloudformation = client("s3"), client("cloudformation")
s3.create_bucket(Bucket="packages")
s3.put_object(Bucket="packages", Key="function.zip", Body=b"PK\x05\x06" + b"\0" * 18)  # an empty archive
s3.put_object(Bucket="packages", Key="cordon.asl.json", Body=want["definition"].encode())
s3.put_object(Bucket="packages", Key="template.json", Body=json.dumps(want["template"]).encode())
cloudformation.create_stack(
    StackName="cordon", TemplateURL="https://packages.s3.amazonaws.com/template.json", Capabilities=["CAPABILITY_NAMED_IAM"],
    Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in want["parameters"].items()],
)
made = {
    r["LogicalResourceId"]: r["PhysicalResourceId"]
    for r in cloudformation.describe_stack_resources(StackName="cordon")["StackResources"]
    if r.get("LogicalResourceId") and r.get("PhysicalResourceId")
}
stack = cloudformation.describe_stacks(StackName="cordon")["Stacks"][0]
events = client("events")
found = {
    "Status": stack["StackStatus"],
    "Made": made,
    "Outputs": {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]},
    "Table": client("dynamodb").describe_table(TableName=made["Table"])["Table"],
    "Rule": events.describe_rule(Name="cordon"),
    "Targets": events.list_targets_by_rule(Rule="cordon")["Targets"],
    "Queue": client("sqs").get_queue_attributes(QueueUrl=made["DeadLetterQueue"], AttributeNames=["All"])["Attributes"],
    "Topic": client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"],
    "Function": client("lambda").get_function_configuration(FunctionName="cordon"),
    "StateMachine": client("stepfunctions").describe_state_machine(stateMachineArn=made["StateMachine"]),
    "Logs": client("logs").describe_log_groups()["logGroups"],
    "Profile": client("iam").get_instance_profile(InstanceProfileName=made["QuarantineProfile"])["InstanceProfile"],
    "Dashboard": json.loads(client("cloudwatch").get_dashboard(DashboardName=made["Dashboard"])["DashboardBody"]),
}
json.dump(found, sys.stdout, default=str)
