//! The control plane as tests rely on it: identities with their own rights and no more, real controllers, an API server that comes back.

use k8s_openapi::api::{
    apps::v1::Deployment,
    authentication::v1::{SelfSubjectReview, TokenReview, TokenReviewSpec},
    core::v1::{ConfigMap, Namespace, Pod},
};
use kube::{
    Api,
    api::{DeleteParams, ListParams, PostParams},
    runtime::wait::{
        await_condition,
        conditions::{is_deleted, is_deployment_completed},
    },
};
use serde_json::json;
use troupe_test_cluster::{apply, control_plane};

#[tokio::test]
async fn a_service_account_has_its_own_name_and_no_rights() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    let namespace = cluster.namespace("identity").await?;
    let client = cluster.client_of(&namespace, "default").await?;
    let me = Api::<SelfSubjectReview>::all(client.clone())
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let name = me.status.and_then(|status| status.user_info).and_then(|user| user.username);
    assert_eq!(name, Some(format!("system:serviceaccount:{namespace}:default")));
    let refused = Api::<Pod>::namespaced(client, &namespace).list(&ListParams::default()).await;
    assert!(matches!(&refused, Err(kube::Error::Api(status)) if status.code == 403), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_token_is_good_for_its_audience_alone() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    let namespace = cluster.namespace("audience").await?;
    let token = cluster.token(&namespace, "default", &["troupe"]).await?;
    let reviews: Api<TokenReview> = Api::all(cluster.client().await?);
    for (audience, good) in [("troupe", true), ("other", false)] {
        let spec = TokenReviewSpec { token: Some(token.clone()), audiences: Some(vec![audience.to_owned()]) };
        let asked = TokenReview { spec, ..TokenReview::default() };
        let status = reviews.create(&PostParams::default(), &asked).await?.status.expect("a review has a status");
        assert_eq!(status.authenticated.unwrap_or(false), good, "{audience}: {status:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_owned_goes_with_its_owner() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    let (client, namespace) = (cluster.client().await?, cluster.namespace("garbage").await?);
    let parent = apply(&client, &namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: owner}}").await?;
    let uid = parent[0].metadata.uid.clone().expect("what is stored has a uid");
    let owned = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences":
        [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]}});
    let made = apply(&client, &namespace, &owned.to_string()).await?;
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    maps.delete("owner", &DeleteParams::default()).await?;
    let uid = made[0].metadata.uid.clone().expect("what is stored has a uid");
    await_condition(maps, "owned", is_deleted(&uid)).await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_namespace_goes() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    let (client, name) = (cluster.client().await?, cluster.namespace("gone").await?);
    let namespaces: Api<Namespace> = Api::all(client);
    let uid = namespaces.get(&name).await?.metadata.uid.expect("what is stored has a uid");
    namespaces.delete(&name, &DeleteParams::default()).await?;
    await_condition(namespaces, &name, is_deleted(&uid)).await?;
    Ok(())
}

#[tokio::test]
async fn kubectl_says_which_right_is_missing() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    let namespace = cluster.namespace("kubectl").await?;
    let kubeconfig = cluster.kubeconfig_of(&namespace, "default").await?;
    let asked = cluster.kubectl_as(&kubeconfig).args(["get", "pods", "--namespace", &namespace]).output()?;
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(!asked.status.success() && said.contains("cannot list resource \"pods\""), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_deployment_becomes_available_where_pods_only_seem_to_run() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    if !cluster.is_own() {
        return Ok(());
    }
    let (client, namespace) = (cluster.client().await?, cluster.namespace("pretence").await?);
    let _pretence = cluster.pretend_that_pods_run(&namespace).await?;
    let pod =
        json!({"metadata": {"labels": {"app": "some"}}, "spec": {"containers": [{"name": "some", "image": "some"}]}});
    let spec = json!({"replicas": 2, "selector": {"matchLabels": {"app": "some"}}, "template": pod});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "some"}, "spec": spec});
    apply(&client, &namespace, &deployment.to_string()).await?;
    await_condition(Api::<Deployment>::namespaced(client, &namespace), "some", is_deployment_completed()).await?;
    Ok(())
}

/// With a control plane of its own: other tests would be in the middle of something.
#[tokio::test]
async fn what_was_stored_outlives_a_crash_of_the_api_server() -> anyhow::Result<()> {
    if control_plane().await?.is_none_or(|shared| !shared.is_own()) {
        return Ok(());
    }
    let Some(programs) = troupe_test_cluster::programs()? else { return Ok(()) };
    let cluster = troupe_test_cluster::ControlPlane::start(&programs).await?;
    let client = cluster.client().await?;
    apply(&client, "default", "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}, data: {a: b}}").await?;
    cluster.stop_api_server()?;
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    assert!(maps.get("kept").await.is_err(), "nobody answers");
    cluster.start_api_server().await?;
    assert_eq!(maps.get("kept").await?.data.unwrap_or_default()["a"], "b");
    Ok(())
}
