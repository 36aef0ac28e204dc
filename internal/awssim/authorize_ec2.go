package awssim

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// askEC2 is a question about an EC2 resource that is there, or is said to be: its tags are in the context.
func (x *request) askEC2(id string, contexts ...map[string][]string) Check {
	tags := map[string][]string{}
	for k, v := range x.ec2().Tags[id] {
		tags["aws:ResourceTag/"+k], tags["ec2:ResourceTag/"+k] = []string{v}, []string{v}
	}
	return x.ask("", x.ec2ARN(id), append([]map[string][]string{tags, x.ec2Region()}, contexts...)...)
}

func (x *request) ec2Region() map[string][]string {
	return map[string][]string{"ec2:Region": {x.Region}}
}

// ec2ARN is the ARN of the resource with that id; snapshots have no account in theirs.
func (x *request) ec2ARN(id string) string {
	kind := string(resourceType(id))
	if kind == string(ec2types.ResourceTypeSnapshot) {
		return x.newSnapshot(id)
	}
	return x.st.arn("ec2", x.Region, kind+"/"+id)
}

func (x *request) newSnapshot(id string) string {
	return "arn:" + x.st.Partition + ":ec2:" + x.Region + "::snapshot/" + id
}

// requestTags is the context of the tags that a call brings.
func requestTags(tags []ec2types.Tag) map[string][]string {
	out := map[string][]string{}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		out["aws:TagKeys"] = append(out["aws:TagKeys"], key)
		if t.Value != nil {
			out["aws:RequestTag/"+key] = []string{*t.Value}
		}
	}
	return out
}

// askNew asks whether something may be made and, where it is made with tags, whether it may be tagged then.
func (x *request) askNew(resource string, specs []ec2types.TagSpecification, kind ec2types.ResourceType) []Check {
	var tags []ec2types.Tag
	for _, s := range specs {
		if s.ResourceType == kind {
			tags = append(tags, s.Tags...)
		}
	}
	if len(tags) == 0 {
		return []Check{x.ask("", resource, x.ec2Region())}
	}
	with := requestTags(tags)
	return []Check{
		x.ask("", resource, x.ec2Region(), with),
		x.ask("ec2:CreateTags", resource, x.ec2Region(), with, map[string][]string{"ec2:CreateAction": {x.Operation}}),
	}
}

// oneEC2 asks about the one resource that a call names.
func oneEC2[I any](d decisions, id func(*I) *string) {
	decide(d, "EC2", func(x *request, in *I) []Check { return []Check{x.askEC2(aws.ToString(id(in)))} })
}

func decideInstances(d decisions) {
	oneEC2(d, func(in *ec2.DescribeInstanceAttributeInput) *string { return in.InstanceId })
	oneEC2(d, func(in *ec2.GetConsoleOutputInput) *string { return in.InstanceId })
	oneEC2(d, func(in *ec2.GetConsoleScreenshotInput) *string { return in.InstanceId })
	decide(d, "EC2", decideModifyInstance)
	decide(d, "EC2", decideModifyInterface)
	decide(d, "EC2", func(x *request, in *ec2.CreateSnapshotInput) []Check {
		return append([]Check{x.askEC2(aws.ToString(in.VolumeId))},
			x.askNew(x.newSnapshot("*"), in.TagSpecifications, ec2types.ResourceTypeSnapshot)...)
	})
	decide(d, "EC2", func(x *request, in *ec2.CreateSnapshotsInput) []Check {
		id := ""
		if in.InstanceSpecification != nil {
			id = aws.ToString(in.InstanceSpecification.InstanceId)
		}
		out := []Check{x.askEC2(id)}
		for _, volume := range x.attachedVolumes(id) {
			out = append(out, x.askEC2(volume))
		}
		return append(out, x.askNew(x.newSnapshot("*"), in.TagSpecifications, ec2types.ResourceTypeSnapshot)...)
	})
}

// attachedVolumes lists the volumes of an instance, sorted; nothing for one that is not there.
func (x *request) attachedVolumes(instance string) (ids []string) {
	for _, id := range sortedKeys(x.ec2().Volumes) {
		for _, a := range x.ec2().Volumes[id].Attachments {
			if aws.ToString(a.InstanceId) == instance {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// decideModifyInstance: volumes and groups where the call names them, and the attribute in the instance's context: its
// name, and its value where that is a plain one.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html#attribute-key
func decideModifyInstance(x *request, in *ec2.ModifyInstanceAttributeInput) []Check {
	attribute := map[string][]string{}
	flag := func(name string, v *ec2types.AttributeBooleanValue) {
		if v != nil {
			attribute["ec2:Attribute"] = []string{name}
			attribute["ec2:Attribute/"+name] = []string{strconv.FormatBool(aws.ToBool(v.Value))}
		}
	}
	word := func(name string, v *ec2types.AttributeValue) {
		if v != nil {
			attribute["ec2:Attribute"], attribute["ec2:Attribute/"+name] = []string{name}, []string{aws.ToString(v.Value)}
		}
	}
	flag("DisableApiTermination", in.DisableApiTermination)
	flag("DisableApiStop", in.DisableApiStop)
	flag("SourceDestCheck", in.SourceDestCheck)
	flag("EbsOptimized", in.EbsOptimized)
	flag("EnaSupport", in.EnaSupport)
	word("InstanceInitiatedShutdownBehavior", in.InstanceInitiatedShutdownBehavior)
	word("InstanceType", in.InstanceType)
	word("Kernel", in.Kernel)
	word("Ramdisk", in.Ramdisk)
	if in.UserData != nil {
		attribute["ec2:Attribute"] = []string{"UserData"}
		attribute["ec2:Attribute/UserData"] = []string{base64.StdEncoding.EncodeToString(in.UserData.Value)}
	}
	if len(in.BlockDeviceMappings) > 0 {
		attribute["ec2:Attribute"] = []string{"BlockDeviceMapping"}
	}
	id := aws.ToString(in.InstanceId)
	out := []Check{x.askEC2(id, attribute)}
	for _, m := range in.BlockDeviceMappings {
		for _, volume := range x.attachedVolumes(id) {
			for _, a := range x.ec2().Volumes[volume].Attachments {
				if aws.ToString(a.Device) == aws.ToString(m.DeviceName) {
					out = append(out, x.askEC2(volume))
				}
			}
		}
	}
	for _, group := range in.Groups {
		out = append(out, x.askEC2(group))
	}
	return out
}

// decideModifyInterface: the interface, the instance that it is attached to, and the groups that it gets.
func decideModifyInterface(x *request, in *ec2.ModifyNetworkInterfaceAttributeInput) []Check {
	id := aws.ToString(in.NetworkInterfaceId)
	out := []Check{x.askEC2(id)}
	if n := x.ec2().Interfaces[id]; n != nil && n.Attachment != nil && aws.ToString(n.Attachment.InstanceId) != "" {
		out = append(out, x.askEC2(*n.Attachment.InstanceId))
	}
	for _, group := range in.Groups {
		out = append(out, x.askEC2(group))
	}
	return out
}

func decideGroups(d decisions) {
	decide(d, "EC2", func(x *request, in *ec2.CreateSecurityGroupInput) []Check {
		return append([]Check{x.askEC2(aws.ToString(in.VpcId))},
			x.askNew(x.st.groupARN(x.Region, "*"), in.TagSpecifications, ec2types.ResourceTypeSecurityGroup)...)
	})
	oneEC2(d, func(in *ec2.DeleteSecurityGroupInput) *string { return in.GroupId })
	oneEC2(d, func(in *ec2.AuthorizeSecurityGroupEgressInput) *string { return in.GroupId })
	oneEC2(d, func(in *ec2.AuthorizeSecurityGroupIngressInput) *string { return in.GroupId })
	oneEC2(d, func(in *ec2.RevokeSecurityGroupEgressInput) *string { return in.GroupId })
	oneEC2(d, func(in *ec2.RevokeSecurityGroupIngressInput) *string { return in.GroupId })
	oneEC2(d, func(in *ec2.CreateNetworkAclEntryInput) *string { return in.NetworkAclId })
	oneEC2(d, func(in *ec2.DeleteNetworkAclEntryInput) *string { return in.NetworkAclId })
}

func decideEC2Tags(d decisions) {
	each := func(x *request, ids []string, tags []ec2types.Tag) (out []Check) {
		for _, id := range ids {
			out = append(out, x.askEC2(id, requestTags(tags)))
		}
		return out
	}
	decide(d, "EC2", func(x *request, in *ec2.CreateTagsInput) []Check { return each(x, in.Resources, in.Tags) })
	decide(d, "EC2", func(x *request, in *ec2.DeleteTagsInput) []Check { return each(x, in.Resources, in.Tags) })
}

// decideProfiles: who gives an instance a profile passes that profile's role to EC2.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permission-to-pass-iam-roles.html
func decideProfiles(d decisions) {
	decide(d, "EC2", func(x *request, in *ec2.AssociateIamInstanceProfileInput) []Check {
		return x.givesProfile(aws.ToString(in.InstanceId), in.IamInstanceProfile)
	})
	decide(d, "EC2", func(x *request, in *ec2.ReplaceIamInstanceProfileAssociationInput) []Check {
		return x.givesProfile(x.associated(in.AssociationId), in.IamInstanceProfile)
	})
	decide(d, "EC2", func(x *request, in *ec2.DisassociateIamInstanceProfileInput) []Check {
		return []Check{x.askEC2(x.associated(in.AssociationId))}
	})
}

// associated is the instance of an association; of one that is not there AWS knows no more than that it is some.
func (x *request) associated(id *string) string {
	if a := x.ec2().Profiles[aws.ToString(id)]; a != nil {
		return aws.ToString(a.InstanceId)
	}
	return "i-*"
}

func (x *request) givesProfile(instance string, spec *ec2types.IamInstanceProfileSpecification) []Check {
	profile, err := x.st.findInstanceProfile(spec)
	if err != nil || profile == nil {
		return []Check{x.askEC2(instance)}
	}
	out := []Check{x.askEC2(instance, map[string][]string{"ec2:NewInstanceProfile": {aws.ToString(profile.Arn)}})}
	if p := x.st.IAM.Now.Profiles[aws.ToString(profile.InstanceProfileName)]; p != nil && p.Role != "" {
		out = append(out, x.ask("iam:PassRole", x.roleARN(&p.Role), map[string][]string{
			"iam:PassedToService": {"ec2." + x.urlSuffix()}, "iam:AssociatedResourceArn": {x.ec2ARN(instance)},
		}))
	}
	return out
}

// urlSuffix is the domain of the partition's services.
func (x *request) urlSuffix() string {
	if strings.HasPrefix(x.st.Partition, "aws-cn") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
